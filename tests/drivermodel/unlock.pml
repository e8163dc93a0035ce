/*
 * Two SFM workers whose unlocks are refused Fast I/O, and a request of another driver, written
 * down a second time: links and owners only, no bytes. To be run with Spin.
 *
 * COMPLETION_FREES and ALLOCATOR_FREES say how often the completion routine and the allocating
 * routine free the IRP; PENDING, whether the file system completes later; WAITS, when the
 * allocating routine waits: 0 never, 1 when pending, 2 always.
 */

#define IRPS 4
#define END 0
#define NO_MEMORY 255 /* an IRP's Type and Size, taken for a link */

byte link[IRPS + 1];
byte owners[IRPS + 1];
byte head = 1; /* one free IRP; the rest come from the pool */
byte fresh = 2;
bool event[2];
byte running;

inline allocate(irp)
{
	atomic {
		assert(head != NO_MEMORY);
		if
		:: head != END -> irp = head; head = link[irp]
		:: else -> irp = fresh; fresh++
		fi;
		assert(owners[irp] == 0);
		owners[irp]++
	}
	link[irp] = NO_MEMORY /* IoInitializeIrp */
}

inline release(irp)
{
	atomic {
		if
		:: owners[irp] > 0 -> owners[irp]--
		:: else -> skip
		fi;
		link[irp] = head;
		head = irp
	}
}

inline complete(irp, me)
{
	byte freed = 0;
	do
	:: freed < COMPLETION_FREES -> release(irp); freed++
	:: else -> break
	od;
	event[me] = true
}

proctype Dpc(byte irp; byte me)
{
	complete(irp, me);
	running--
}

proctype Worker(byte me)
{
	byte irp;
	byte given_back = 0;
	allocate(irp);
#if PENDING
	atomic { running++; run Dpc(irp, me) }
#else
	complete(irp, me);
#endif
#if WAITS == 2 || (WAITS == 1 && PENDING)
	event[me];
#endif
	do
	:: given_back < ALLOCATOR_FREES -> release(irp); given_back++
	:: else -> break
	od;
	running--
}

proctype OtherDriver()
{
	byte irp;
	allocate(irp);
	release(irp);
	running--
}

init {
	atomic {
		running = 3;
		run Worker(0);
		run Worker(1);
		run OtherDriver()
	}
	running == 0;
	assert(owners[1] + owners[2] + owners[3] + owners[4] == 0) /* no leak */
}
