import { workerData } from 'node:worker_threads'
import { controlWords, instantiate, word, type TeamData } from './team.ts'

/**
 * A helper thread: sleeps until its next call, does its share, and sleeps again. It ends with the thread that started
 * it.
 */
const { module, memory, control, thread, threads } = workerData as TeamData
const kernels = instantiate(memory, module)
const words = new Int32Array(memory.buffer, control, controlWords(threads))
const mine = word.calls + thread

let seen = 0
Atomics.add(words, word.ready, 1)
for (;;) {
  Atomics.wait(words, mine, seen)
  const call = Atomics.load(words, mine)
  if (call === seen) continue
  seen = call
  kernels.forward(
    words[word.model] ?? 0,
    words[word.batch] ?? 0,
    control + 4 * word.meeting,
    thread,
    words[word.threads] ?? 1
  )
}
