/* The ready queue's steps: push, receive (claim a run, claim a hole, take a landed hole or a returned
 * message), requeue, settle, and the slow mode of `side`. All cells lie in segments that are never
 * recycled here; segments.pml has recycling, sealing and hazards.
 *
 * Two producers, two consumers; each shared access is one step, memory is sequentially consistent (the C++
 * checker has the weak orders). What must hold:
 *   - every published message is delivered, never to two owners at once, and settled once;
 *   - order: when m is delivered, no message whose publish returned before the publish of m began is
 *     available and either was never delivered or was available since this receive, or the publish of
 *     m, began;
 *   - "empty" is answered only if no message was available throughout the receive.
 *
 * N1, N2  messages of the producers       RUN   longest claim        REQUEUES  how often in all
 * MAX     where `side` saturates          SEG   cells of a segment
 */
#ifndef N1
#define N1 2
#endif
#ifndef N2
#define N2 1
#endif
#ifndef RUN
#define RUN 2
#endif
#ifndef REQUEUES
#define REQUEUES 0
#endif
#ifndef MAX
#define MAX 15
#endif
#ifndef SEG
#define SEG 8
#endif
#define N (N1 + N2)
#define BIT(x) (1 << (x))
#define ALL (BIT(N) - 1)
#define COUNT(s) (s + 1)
#define SETTLED_BELOW(p) (settled_cells & (BIT(p) - 1)) == (BIT(p) - 1)

/* The segment. A cell holds a message's number + 1. */
byte cell[N];
byte tail;
byte skip_map, done_map, back_map;
/* The head word: only ever changed in one step. */
byte position, side;
bit pending;

/* The oracle. Sets of messages, bit m for message m. */
byte published, available, ever, out, settled;
byte settled_cells;            /* by cell: what lets an old segment be retired */
byte before[N];                /* published when the publish of m began */
byte standing[N];              /* of those, available ever since */
byte since[2];                 /* available ever since the consumer's attempt began */
byte requeues;

inline side_up() {
  if :: side < MAX -> side = COUNT(side) :: else -> skip fi
}
inline side_down() {
  assert(side > 0);
  if :: side < MAX -> side-- :: else -> skip fi
}

inline take(c) {
  m = cell[c] - 1;
  assert(cell[c] && !(out & BIT(m)) && !(settled & BIT(m)));
  assert(!(before[m] & available & (since[me] | standing[m] | ~ever)));
  out = out | BIT(m);
  ever = ever | BIT(m);
  available = available & ~BIT(m);
  since[0] = since[0] & ~BIT(m);
  since[1] = since[1] & ~BIT(m);
  b = 0;
  do :: b < N -> standing[b] = standing[b] & ~BIT(m); b++ :: else -> break od;
  b = 0;
  own = own | BIT(c);
  m = 0
}

/* Takes the lowest position that is back, or a landed hole. `hit` when there was one, won or lost. */
inline look_aside() {
  do
  :: atomic { i < h && !(back_map & BIT(i)) && !((skip_map & ~done_map & BIT(i)) && cell[i]) -> i++ }
  :: atomic { i < h && (back_map & BIT(i)) -> hit = 1 };
     atomic {
       if
       :: back_map & BIT(i) -> back_map = back_map & ~BIT(i); side_down(); take(i)
       :: else -> skip
       fi;
       break
     }
  :: atomic { i < h && !(back_map & BIT(i)) && (skip_map & ~done_map & BIT(i)) && cell[i] -> hit = 1 };
     atomic {
       if
       :: !(done_map & BIT(i)) -> done_map = done_map | BIT(i); side_down(); take(i)
       :: else -> skip
       fi;
       break
     }
  :: atomic { i >= h -> break }
  od;
  i = 0
}

proctype Producer(byte first; byte count) {
  byte m, i;
  m = first;
  do
  :: m < first + count ->
     atomic { before[m] = published; standing[m] = published & available }
     atomic { i = tail; tail++ }
     atomic {
       cell[i] = m + 1;
       published = published | BIT(m);
       available = available | BIT(m);
       m++;
       i = 0
     }
  :: else -> break
  od
}

proctype Consumer(byte me) {
  byte h, s, t, k, j, i, m, b, own;
  bool hit;

again:
  atomic {
    if :: settled == ALL -> goto done :: else -> skip fi;
    hit = 0; k = 0; j = 0; t = 0; i = 0; m = 0;
    since[me] = available;
    h = position; s = side;
    if :: pending -> m = 1 :: else -> skip fi
  }
  /* 1. Help the claim of a hole to its end. */
  if
  :: m ->
     skip_map = skip_map | BIT(h - 1);
     atomic {
       m = 0;
       if :: position == h && side == s && pending -> pending = 0 :: else -> skip fi;
       goto again
     }
  :: else -> skip
  fi;
  /* The slow mode is left where nothing can be open: all that lies below is settled. */
  if
  :: s == MAX && h % SEG == 0 && SETTLED_BELOW(h) ->
     atomic {
       if :: position == h && side == s && !pending -> side = 0 :: else -> skip fi;
       goto again
     }
  :: else -> skip
  fi;
  /* 2. The run of filled cells. */
  t = tail;
  do
  :: atomic { k < RUN && h + k < t && cell[h + k] -> k++ }
  :: atomic { else -> break }
  od;
  /* 5a. Is a later cell filled? */
  if
  :: k == 0 && h < t ->
     i = h + 1;
     do
     :: atomic { i < t && !cell[i] -> i++ }
     :: atomic { i < t && cell[i] -> j = i; break }
     :: atomic { i >= t -> break }
     od;
     i = 0
  :: else -> skip
  fi;
  /* 3. Only now: returned messages and landed holes. */
  if :: s -> look_aside(); if :: hit -> goto deliver :: else -> skip fi :: else -> skip fi;
  /* 4, 5, 6. */
  atomic {
    if
    :: k && position == h && side == s && !pending ->
       position = h + k;
       do :: i < k -> take(h + i); i++ :: else -> break od;
       i = 0
    :: !k && j && position == h && side == s && !pending ->
       position = h + 1;
       side_up();
       pending = 1
    :: !k && !j -> assert(!(since[me] & available))
    :: else -> skip
    fi;
    k = 0; j = 0; t = 0; s = 0
  }

deliver:
  h = 0; s = 0; k = 0; j = 0; t = 0;
  do
  :: own ->
     atomic {
       i = 0;
       do :: !(own & BIT(i)) -> i++ :: else -> break od;
       own = own & ~BIT(i);
       m = cell[i] - 1
     }
     if
     :: atomic { settled = settled | BIT(m); settled_cells = settled_cells | BIT(i) }
     :: atomic { requeues < REQUEUES -> requeues++ };
        atomic { side_up() };
        atomic { back_map = back_map | BIT(i); out = out & ~BIT(m); available = available | BIT(m) }
     fi;
     atomic { i = 0; m = 0 }
  :: else -> break
  od;
  goto again;
done:
  skip
}

init {
  atomic { run Producer(0, N1); run Producer(N1, N2); run Consumer(0); run Consumer(1) };
  (_nr_pr == 1);
  assert(ever == ALL && available == 0 && (side == 0 || side == MAX))
}
