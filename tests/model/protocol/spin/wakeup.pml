/* Waiting: nobody sleeps for ever beside a message.
 *
 * A publisher stores its message, passes light_fence(), and looks whether somebody waits; if so, it wakes
 * one. A sleeper announces its bell, registers it, passes heavy_fence(), looks again, and parks. The store
 * may stay in the publisher's store buffer until light_fence() (which drains nothing) is met by somebody's
 * heavy_fence(); without one it leaves the buffer at any time.
 *
 * Two queues; consumer 0 waits on both with one bell and may give up (deadline, interrupt) if LEAVES;
 * consumer 1 waits on queue 1. Bells have a generation: a waker that looked at an earlier sleep fails.
 * What must hold: when nothing moves any more, no message is ready at a queue whose consumer sleeps.
 */
#define CONSUMERS 2
#ifndef LEAVES
#define LEAVES 0
#endif
#ifndef PUBLISHERS
#define PUBLISHERS 3
#endif
#define AWAKE 0
#define ANNOUNCED 1
#define WOKEN 2
#define WAITS_ON(c, q) (q == 1 || c == 0)

byte ready[2];                   /* messages in the queues, visible to all */
byte buffer[PUBLISHERS];         /* queue + 1 of a message still in a store buffer */
byte word[CONSUMERS];            /* the bell's state */
byte generation[CONSUMERS];
bool registered[CONSUMERS * 2];  /* slot of consumer c at queue q: [2 * c + q] */
byte count[2];                   /* WaiterSet::count_ */
bool parked[CONSUMERS];
byte taken;

inline drain_all() {
  i = 0;
  do
  :: i < PUBLISHERS ->
     if :: buffer[i] -> ready[buffer[i] - 1]++; buffer[i] = 0 :: else -> skip fi;
     i++
  :: else -> break
  od;
  i = 0
}

inline drain_own() {
  atomic { if :: buffer[me] -> ready[q]++; buffer[me] = 0 :: else -> skip fi }
}

/* Wakes one registered sleeper of queue q; which of them is not said, longest asleep is only fair. */
inline wake_one(q) {
  do
  :: atomic {
       w = CONSUMERS;
       if
       :: registered[0 + q] && word[0] == ANNOUNCED -> w = 0
       :: registered[2 + q] && word[1] == ANNOUNCED -> w = 1
       :: else -> break
       fi;
       g = generation[w]
     }
     atomic {
       if
       :: word[w] == ANNOUNCED && generation[w] == g -> word[w] = WOKEN; break
       :: else -> skip
       fi
     }
  od;
  w = 0; g = 0
}

proctype Publisher(byte me; byte q) {
  byte w, g;
  buffer[me] = q + 1;
  /* light_fence(): from here on a heavy_fence() elsewhere has our store, or comes later and is seen. */
  if
  :: count[q] > 0 -> drain_own(); wake_one(q)
  :: else -> skip
  fi;
  drain_own()  /* by itself, at some time */
}

inline try_take() {
  atomic {
    if
    :: got == 0 && WAITS_ON(me, 0) && ready[0] -> ready[0]--; got = 1; from = 0
    :: got == 0 && ready[1] && !(WAITS_ON(me, 0) && ready[0]) -> ready[1]--; got = 1; from = 1
    :: else -> skip
    fi
  }
}

proctype Consumer(byte me) {
  byte got, from, w, g, i, q;
  bool woken, leaving;
  try_take();
  do
  :: got || leaving -> break
  :: else ->
     atomic { word[me] = ANNOUNCED; generation[me] = 1 - generation[me] }
     q = 0;
     do
     :: atomic { q < 2 && WAITS_ON(me, q) -> registered[2 * me + q] = 1 }; atomic { count[q]++; q++ }
     :: atomic { q < 2 && !WAITS_ON(me, q) -> q++ }
     :: atomic { else -> q = 0; break }
     od;
     atomic { drain_all() }
     try_take();
     if
     :: atomic { !got -> parked[me] = 1 }
end_asleep:
        if
        :: atomic { word[me] == WOKEN -> parked[me] = 0 }
        :: atomic { LEAVES && me == 0 -> parked[me] = 0; leaving = 1 }
        fi
     :: atomic { else -> skip }
     fi;
     atomic { woken = (word[me] == WOKEN); word[me] = AWAKE }
     do
     :: atomic { q < 2 && WAITS_ON(me, q) -> registered[2 * me + q] = 0 }; atomic { count[q]--; q++ }
     :: atomic { q < 2 && !WAITS_ON(me, q) -> q++ }
     :: atomic { else -> q = 0; break }
     od;
     if :: woken && !got && !leaving -> try_take() :: else -> skip fi;
     /* A wake may have been meant for a message that we did not take: who leaves passes it on. */
     if :: woken && (got || leaving) && WAITS_ON(me, 0) && ready[0] -> wake_one(0) :: else -> skip fi;
     if :: woken && (got || leaving) && ready[1] -> wake_one(1) :: else -> skip fi;
     woken = 0
  od;
  taken = taken + got
}

active proctype Monitor() {
  atomic {
    timeout;
    assert(!(parked[0] && (ready[0] || ready[1])));
    assert(!(parked[1] && ready[1]))
  }
}

init {
  atomic {
    run Publisher(0, 0); run Publisher(1, 1);
    if :: PUBLISHERS > 2 -> run Publisher(2, 1) :: else -> skip fi;
    run Consumer(0); run Consumer(1)
  }
}
