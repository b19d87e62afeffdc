import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { mock } from 'node:test'
import { readAdapter } from '../../../node/engine/adapters/index.ts'
import { openEngine, readConfig } from '../../../node/engine/index.ts'
import type { Engine, TrainProgress } from '../../../node/engine/index.ts'
import { createTrainer } from '../../../node/engine/trainer/index.ts'
import type { Trainer } from '../../../node/engine/trainer/index.ts'
import { runTrainer } from '../../../node/engine/trainer/run.ts'
import { isAlive } from '../../../node/runtime/processes.ts'
import { captureLog, until } from '../../harness/index.ts'
import { elements, settings, temporary } from '../fixture.ts'

const model = resolve('daemon/assets/seedling')
const program = resolve('test/harness/engine/trainer.ts')
const rows = elements.slice(0, 4)

describe('training by a command of the owner', function () {
  this.timeout(120_000)
  let engine: Engine
  const at = temporary()
  const trainers: Trainer[] = []
  before(() => {
    engine = openEngine({ threads: 1, provider: 'cpu' })
  })
  after(async () => {
    for (const trainer of trainers) trainer.close()
    await engine.close()
    at.remove()
  })
  function by(how: string, silenceMs = 60_000): Trainer {
    const trainer = createTrainer({ command: [process.execPath, program, how], silenceMs }, { text: engine.text })
    trainers.push(trainer)
    return trainer
  }
  const job = (name: string) => ({
    model,
    rows,
    settings,
    output: join(at.path, name),
    checkpoint: join(at.path, `${name}-checkpoint`)
  })

  it('has the beginning, the rows and the steps of the own engine, and what comes back is the same', async () => {
    const coalitions = [
      [0, 1, 2, 3],
      [1, 3]
    ]
    const outputs = (who: string) => [join(at.path, who, '0'), join(at.path, who, '1')]
    const { output: _output, ...rest } = job('siblings')
    const told: TrainProgress[] = []
    const there = await by('well').tuneSiblings({
      ...rest,
      coalitions,
      output: outputs('there'),
      onProgress: progress => told.push(progress)
    })
    const own = await engine.tuneSiblings({ model, rows, settings, coalitions, output: outputs('here') })
    assert.deepEqual(
      there.map(({ losses, tokens }) => ({ losses, tokens })),
      own.map(({ losses, tokens }) => ({ losses, tokens }))
    )
    const config = readConfig(model)
    for (const i of [0, 1]) {
      const folders = [outputs('there')[i] ?? '', outputs('here')[i] ?? '']
      assert.deepEqual(readdirSync(folders[0] ?? '').sort(), ['adapter_config.json', 'adapter_model.safetensors'])
      assert.deepEqual(...(folders.map(folder => readAdapter(folder, config)) as [unknown, unknown]))
    }
    const steps = own.reduce((sum, { losses }) => sum + losses.length, 0)
    assert.deepEqual(
      told.map(({ step }) => step),
      Array.from({ length: steps }, (_, i) => i + 1)
    )
    const plan = JSON.parse(readFileSync(join(at.path, 'siblings-checkpoint-trainer', '1', 'plan.json'), 'utf8')) as {
      rows: number[][]
      lr: number[]
    }
    assert.equal(plan.rows.length, plan.lr.length)
    assert.ok(plan.rows.flat().every(i => i < 2))
    // Done is done: another call does not begin anew.
    const again = await by('fails').tuneSiblings({ ...rest, coalitions, output: outputs('there') })
    assert.deepEqual(again, there)
  })

  const faults: readonly [string, string, RegExp][] = [
    ['unmoved', 'trainer-answer', /changes nothing/],
    ['other-rank', 'trainer-answer', /rank 5/],
    ['no-numbers', 'trainer-answer', /not finite/],
    ['silent-steps', 'trainer-answer', /loss of step 2/],
    ['nothing', 'trainer-answer', /no adapter/],
    ['fails', 'trainer-failed', /CUDA out of memory/]
  ]
  for (const [how, code, message] of faults)
    it(`is refused where it ${how}`, async () => {
      await assert.rejects(by(how).tune(job(how)), (error: Error & { code?: string }) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        return true
      })
      assert.ok(!existsSync(join(at.path, how, 'adapter_model.safetensors')))
    })

  it('that cannot be started is the owner’s to mend', async () => {
    const trainer = createTrainer({ command: ['/nowhere/python'], silenceMs: 1_000 }, { text: engine.text })
    trainers.push(trainer)
    await assert.rejects(trainer.tune(job('nowhere')), { code: 'trainer-command' })
  })

  it('goes on where it was, with the losses that were told before', async () => {
    const trainer = by('in-two')
    await assert.rejects(trainer.tune(job('in-two')), { code: 'trainer-failed' })
    const { losses } = await trainer.tune(job('in-two'))
    const half = Math.floor(losses.length / 2)
    assert.deepEqual(losses, [...losses.slice(0, half).map(() => 3), ...losses.slice(half).map(() => 2)])
  })

  it('ends with all that it started: when the job is cancelled, and when it says nothing any more', async () => {
    const pidsOf = (name: string): number[] =>
      readFileSync(join(at.path, `${name}-checkpoint-trainer`, '0', 'checkpoint', 'pids'), 'utf8')
        .split(' ')
        .map(Number)
    const cancel = new AbortController()
    await assert.rejects(
      by('hangs').tune({ ...job('cancelled'), signal: cancel.signal, onProgress: () => cancel.abort() }),
      { code: 'engine-cancelled' }
    )
    await until(() => pidsOf('cancelled').every(pid => !isAlive(pid)), 'all of it has ended')
    await assert.rejects(by('hangs', 4_000).tune(job('hung')), { code: 'trainer-silent' })
    await until(() => pidsOf('hung').every(pid => !isAlive(pid)), 'all of it has ended')
  })
  it('that nobody here may signal is told of, and waited for no longer', async () => {
    const { log, lines } = captureLog()
    const folder = join(at.path, 'not-ours')
    mkdirSync(folder)
    const cancel = new AbortController()
    // As the system answers for a process of another user.
    const kill = mock.method(process, 'kill', () => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })
    const command = ['sh', '-c', 'echo $$ > pid; echo begun; sleep 600', 'sh']
    try {
      const run = runTrainer(
        { command, silenceMs: 60_000 },
        folder,
        () => cancel.abort(),
        { log, graceMs: 50 },
        cancel.signal
      )
      await assert.rejects(run, { code: 'engine-cancelled' })
    } finally {
      kill.mock.restore()
      process.kill(-Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL')
    }
    assert.match(lines.join('\n'), /cannot be signalled/)
  })
})
