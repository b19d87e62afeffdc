// How Node is started where it is to run for long beside other things.

/**
 * V8 lets its young generation grow to 48 MB by itself; a node's short-lived objects are small, and with less the same
 * daemon holds 70 MB less. Its old generation it collects once it has grown to as much as four times of what was left:
 * on a busy machine, where a node has no idle moment to collect in, that goes on for hours and looks like a leak. At a
 * quarter more it collects, most of it beside the main thread.
 */
export const heapFlags = ['--max-semi-space-size=2', '--heap-growing-percent=25']

export const allocator = {
  // Threads that come and go leave an arena of the allocator each, which is never given back.
  MALLOC_ARENA_MAX: '2',
  // Left to itself it keeps what is larger than the largest block it ever freed, too: a training's for good. What is
  // larger than a read of a socket (64 KiB, the most there are) is given back whole; in between it leaves holes.
  MALLOC_MMAP_THRESHOLD_: '69632'
}
