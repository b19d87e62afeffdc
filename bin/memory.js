// How Node is started where it is to run for long beside other things.

/**
 * A young generation grows with what lives through its collections; of a daemon that rests it stays as small as it was.
 * With 2 MB at most it was collected once for each of several answers at a time, most of which was in use: copied, and
 * then kept too long. With 16 MB a daemon in use holds some 20 to 40 MB more, and a tenth of its work is gone. The old
 * generation V8 collects once it has grown to as much as four times of what was left: on a busy machine, where a node
 * has no idle moment to collect in, that goes on for hours and looks like a leak. At a quarter more it collects, most of
 * it beside the main thread.
 */
export const heapFlags = ['--max-semi-space-size=16', '--heap-growing-percent=25']

export const allocator = {
  // Threads that come and go leave an arena of the allocator each, which is never given back.
  MALLOC_ARENA_MAX: '2',
  // Left to itself it keeps what is larger than the largest block it ever freed, too: a training's for good. What is
  // larger than a read of a socket (64 KiB, the most there are) is given back whole; in between it leaves holes.
  MALLOC_MMAP_THRESHOLD_: '69632'
}
