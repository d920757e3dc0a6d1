/* How segments come and go: push, linking, leaving, retirement by `remaining`, recycling under hazards,
 * seal, seal_if_empty and give_back_if_idle. Holes and returned messages are in ready_queue.pml: here a
 * consumer waits for the cell at the head.
 *
 * Segments have SIZE cells and come from a stock of K; one that was recycled is the next to be used.
 * head_link and tail_link are a segment 1 .. K, IDLE(p) or SEALED(p). What must hold:
 *   - no segment starts its next life while a thread that validated its hazard may still touch it;
 *   - every accepted message is delivered once, in the order of publishes;
 *   - "empty" is honest; nothing is accepted after seal() has returned; seal_if_empty() succeeds only when
 *     nothing is ready;
 *   - in the end all segments but the current one are back in the stock.
 *
 * N0, N1  messages of the producers    CONSUMERS 1 or 2
 * CONTROL 0 none, 1 seal, 2 seal_if_empty, 3 give_back_if_idle
 */
#ifndef N0
#define N0 2
#endif
#ifndef N1
#define N1 1
#endif
#ifndef CONSUMERS
#define CONSUMERS 1
#endif
#ifndef CONTROL
#define CONTROL 0
#endif
#ifndef K
#define K 3
#endif
#ifndef SIZE
#define SIZE 2
#endif
#define N (N0 + N1)
#define BIT(x) (1 << (x))
#define THREADS 5
#define IDLE(p) (32 + (p))
#define SEALED(p) (64 + (p))
#define GONE_IDLE 97
#define GONE_SEALED 98
#define IS_SEGMENT(l) (l >= 1 && l <= K)
#define IS_SEALED(l) (l >= 64 && l < 97)
#define END(s) (closed[s] -> closed_at[s] : (taken[s] < SIZE -> taken[s] : SIZE))
#define ENDED(s) (closed[s] || taken[s] >= SIZE)
#define TOKENS 2

byte head_link = IDLE(0), tail_link = IDLE(0), position;
bool sealed;
byte cell[(K + 1) * SIZE], taken[K + 1], closed_at[K + 1], next[K + 1], base[K + 1], remaining[K + 1];
bool closed[K + 1];
byte stock = (1 << (K + 1)) - 2;   /* segments that anybody may take: a set */
byte retired;                      /* left by all, perhaps named by a hazard: a set */
byte older;
byte hazard[THREADS];
byte inside[THREADS];              /* the oracle's: validated and in use */

byte published, available, ever, refused, settled, before[N], since[2];
bool seal_returned;

inline recycle() {
  /* heavy_fence() and the scan: one step is enough, each thread has one slot. */
  d_step {
    x = 1;
    do
    :: x <= K ->
       if
       :: (retired & BIT(x)) && hazard[0] != x && hazard[1] != x && hazard[2] != x && hazard[3] != x && hazard[4] != x ->
          assert(inside[0] != x && inside[1] != x && inside[2] != x && inside[3] != x && inside[4] != x);
          retired = retired & ~BIT(x);
          stock = stock | BIT(x);
          y = 0;
          do :: y < SIZE -> cell[x * SIZE + y] = 0; y++ :: else -> break od;
          taken[x] = 0; closed[x] = 0; closed_at[x] = 0; next[x] = 0; base[x] = 0; remaining[x] = 0
       :: else -> skip
       fi;
       x++
    :: else -> break
    od;
    x = 0; y = 0
  }
}
inline drop(left, by) {
  atomic {
    assert(remaining[left] >= by && !(stock & BIT(left)));
    remaining[left] = remaining[left] - by;
    if
    :: remaining[left] == 0 -> older--; retired = retired | BIT(left)
    :: else -> skip
    fi
  }
}
inline protect(source) {
  do
  :: atomic { l = source; if :: !IS_SEGMENT(l) -> break :: else -> skip fi }
     atomic { inside[id] = 0; hazard[id] = l }
     atomic { if :: source == l -> inside[id] = l; assert(!((stock | retired) & BIT(l))); break :: else -> skip fi }
  od
}
inline unprotect() { atomic { inside[id] = 0; hazard[id] = 0 }; recycle() }

inline leave_tail(tseg, tto) {
  atomic { if :: head_link == IDLE(base[tseg]) -> head_link = tseg :: else -> skip fi };
  atomic { if :: tail_link == tseg -> tail_link = tto; v = 1 :: else -> v = 0 fi };
  if :: v -> v = 0; drop(tseg, 1) :: else -> skip fi
}
inline leave_head(hseg, hto) {
  if :: IS_SEGMENT(hto) && tail_link == hseg -> leave_tail(hseg, hto) :: else -> skip fi;
  older++;
  atomic { if :: head_link == hseg -> head_link = hto; v = 1 :: else -> v = 0 fi };
  if :: v -> v = 0; drop(hseg, 1) :: else -> older-- fi
}
inline finish_idle(fseg) {
  atomic { e = IDLE(base[fseg] + END(fseg)) };
  if :: head_link == fseg -> leave_head(fseg, e) :: else -> skip fi;
  if :: tail_link == fseg -> leave_tail(fseg, e) :: else -> skip fi;
  e = 0
}
/* A private segment with message m in it. */
inline fill(origin) {
  atomic {
    stock != 0;
    n = 1;
    do :: !(stock & BIT(n)) -> n++ :: else -> break od;
    stock = stock & ~BIT(n);
    cell[n * SIZE] = m + 1; taken[n] = 1; base[n] = origin; remaining[n] = SIZE + TOKENS
  }
}
inline give_back() {
  atomic { retired = retired | BIT(n); n = 0 }
}
inline accepted() {
  atomic {
    assert(!late);
    published = published | BIT(m);
    if :: !(ever & BIT(m)) -> available = available | BIT(m) :: else -> skip fi
  }
}

proctype Producer(byte id; byte first; byte count) {
  byte m, l, n, i, e, x, y;
  bool v, late, went;
  m = first;
  do
  :: m < first + count ->
     atomic { before[m] = published; late = seal_returned; went = 0 }
     do
     :: protect(tail_link);
        if
        :: IS_SEALED(l) -> break
        :: !IS_SEGMENT(l) && !IS_SEALED(l) ->
           fill(l - 32);
           atomic { if :: tail_link == l -> tail_link = n; v = 1 :: else -> v = 0 fi };
           if
           :: v ->
              v = 0;
              atomic { if :: head_link == l -> head_link = n :: else -> skip fi; n = 0; went = 1; break }
           :: else -> give_back()
           fi
        :: IS_SEGMENT(l) ->
           /* One step, as the fetch-and-add is; an index at or past the end is void. */
           atomic {
             if
             :: ENDED(l) -> if :: taken[l] < SIZE + 1 -> taken[l]++ :: else -> skip fi; i = SIZE
             :: else -> i = taken[l]; taken[l]++
             fi
           }
           if
           :: i < SIZE -> atomic { cell[l * SIZE + i] = m + 1; went = 1; break }
           :: else -> skip
           fi;
           i = next[l];
           if
           :: i == 0 ->
              e = base[l] + END(l);
              fill(e);
              e = 0;
              atomic { if :: next[l] == 0 -> next[l] = n; v = 1 :: else -> v = 0 fi };
              if
              :: v -> v = 0; leave_tail(l, n); atomic { n = 0; went = 1; break }
              :: else -> give_back()
              fi
           :: i == GONE_SEALED -> break
           :: i == GONE_IDLE -> finish_idle(l)
           :: IS_SEGMENT(i) -> leave_tail(l, i)
           fi
        fi
     od;
     atomic { i = 0; l = 0 }
     if :: went -> accepted() :: else -> atomic { assert(sealed || tail_link != 0); refused = refused | BIT(m) } fi;
     unprotect();
     m++
  :: else -> break
  od
}

inline claim() {
  m = cell[l * SIZE + i] - 1;
  assert(!(ever & BIT(m)));
  assert(!(before[m] & ~ever));
  ever = ever | BIT(m);
  available = available & ~BIT(m);
  since[0] = since[0] & ~BIT(m);
  since[1] = since[1] & ~BIT(m);
  m = 0
}

proctype Consumer(byte id; byte me) {
  byte m, l, p, i, n, e, x, y, t;
  bool v, got, flight;
  do
  :: atomic { (settled | refused) == BIT(N) - 1 -> break }
  :: atomic { else -> since[me] = available; got = 0 }
     do
     :: protect(head_link);
        p = position;
        if
        :: head_link != l -> skip
        :: else ->
           if
           :: !IS_SEGMENT(l) ->
              t = l;
              protect(tail_link);
              if
              :: IS_SEGMENT(l) ->
                 if
                 :: base[l] == t - 32 -> atomic { if :: head_link == t -> head_link = l :: else -> skip fi }
                 :: base[l] != t - 32 && next[l] == GONE_IDLE -> finish_idle(l)
                 :: else -> skip
                 fi;
                 t = 0
              :: else -> t = 0; break
              fi
           :: else ->
              i = p - base[l];
              if
              :: i < SIZE && cell[l * SIZE + i] ->
                 atomic {
                   if
                   :: position == p -> claim(); position++; got = 1; break
                   :: else -> skip
                   fi
                 }
              :: i < SIZE && !cell[l * SIZE + i] && i < END(l) ->
                 atomic { flight = 1; break }
              :: !ENDED(l) && i == END(l) -> break
              :: ENDED(l) && i >= END(l) ->
                 n = next[l];
                 if
                 :: IS_SEGMENT(n) -> leave_head(l, n)
                 :: n == GONE_IDLE -> finish_idle(l)
                 :: else -> n = 0; break
                 fi;
                 n = 0
              fi
           fi
        fi
     od;
     if
     :: got -> n = l
     :: else -> atomic { assert(flight || !(since[me] & available)); flight = 0 }
     fi;
     unprotect();
     if :: n -> drop(n, 1); atomic { p = 0; settled = settled | BIT(cell[n * SIZE + i] - 1) }; recycle() :: else -> skip fi;
     atomic { n = 0; l = 0; i = 0; p = 0; got = 0 }
  od
}

proctype Control(byte id) {
  byte l, t, n, e, x, y;
  bool v;
#if CONTROL == 1 || CONTROL == 2
  do
  :: protect(tail_link);
     if
     :: IS_SEALED(l) -> sealed = 1; break
     :: IS_SEGMENT(l) -> atomic { t = END(l); v = ENDED(l); e = base[l] + t }; n = next[l]
     :: else -> e = l - 32
     fi;
#if CONTROL == 2
     if :: IS_SEGMENT(l) && n -> skip :: else -> if :: position != e -> goto out :: else -> skip fi fi;
#endif
     if
     :: !IS_SEGMENT(l) ->
        atomic { if :: tail_link == l -> tail_link = SEALED(l - 32); sealed = 1; break :: else -> skip fi }
     :: else ->
        if
        :: !v && n == 0 ->
           /* close(): by compare-and-swap, no index may have been given out since. */
           atomic { if :: !ENDED(l) && taken[l] == t -> closed[l] = 1; closed_at[l] = t; v = 1 :: else -> skip fi };
           if :: v -> drop(l, (SIZE - t)) :: else -> skip fi
        :: else -> skip
        fi;
        if
        :: v -> atomic { n = next[l]; if :: n == 0 -> next[l] = GONE_SEALED; n = GONE_SEALED :: else -> skip fi };
           if
           :: n == GONE_SEALED -> sealed = 1; break
           :: n == GONE_IDLE -> finish_idle(l)
           :: else -> leave_tail(l, n)
           fi
        :: else -> skip
        fi
     fi;
     atomic { v = 0; n = 0; t = 0; e = 0 }
  od;
  seal_returned = 1;
#if CONTROL == 2
  assert(!available);
#endif
out: skip;
#endif
#if CONTROL == 3
  protect(tail_link);
  if
  :: IS_SEGMENT(l) && head_link == l ->
     atomic { t = END(l); v = ENDED(l); e = base[l] + t };
     if
     :: position == e ->
        if
        :: !v ->
           atomic { if :: !ENDED(l) && taken[l] == t -> closed[l] = 1; closed_at[l] = t; v = 1 :: else -> skip fi };
           if :: v -> drop(l, (SIZE - t)) :: else -> skip fi
        :: else -> skip
        fi;
        if
        :: v ->
           atomic { v = 0; n = next[l]; if :: n == 0 -> next[l] = GONE_IDLE; n = GONE_IDLE :: else -> skip fi };
           if :: n == GONE_IDLE -> finish_idle(l) :: else -> skip fi
        :: else -> skip
        fi
     :: else -> skip
     fi
  :: else -> skip
  fi;
#endif
  atomic { v = 0; n = 0; t = 0; e = 0; l = 0 }
  unprotect()
}

init {
  byte x, y, stocked;
  atomic {
    run Producer(0, 0, N0);
    if :: N1 > 0 -> run Producer(1, N0, N1) :: else -> skip fi;
    run Consumer(2, 0);
    if :: CONSUMERS > 1 -> run Consumer(3, 1) :: else -> skip fi;
    if :: CONTROL > 0 -> run Control(4) :: else -> skip fi
  }
  (_nr_pr == 1);
  recycle();
  atomic {
    assert((settled | refused) == BIT(N) - 1 && !available);
    /* What is not in the stock is where the head or the tail stands, or what lies between. */
    x = 1;
    do :: x <= K -> stocked = stocked + ((stock >> x) & 1); x++ :: else -> break od;
    assert(stocked + (IS_SEGMENT(head_link) -> 1 : 0) + ((IS_SEGMENT(tail_link) && tail_link != head_link) -> 1 : 0) == K)
  }
}
