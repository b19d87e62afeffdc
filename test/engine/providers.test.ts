import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openEngine, resolveRuntime } from '../../node/engine/index.ts'
import { chooseProvider, detect, findHardware, surveyProviders } from '../../node/engine/providers/index.ts'

const run = promisify(execFile)
const choose = join(import.meta.dirname, '../../node/engine/providers/choose.ts')

interface Answer {
  readonly findings: { provider: string; usable: boolean; real: boolean; reason: string; help?: string }[]
  readonly chosen: string
}

/** The survey of a process of its own with this environment: findings are kept for the life of a process. */
async function surveyIn(env: NodeJS.ProcessEnv): Promise<Answer> {
  const { stdout } = await run(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { surveyProviders } from ${JSON.stringify(`file://${choose}`)}
       console.log(JSON.stringify(await surveyProviders()))`
    ],
    { env: { ...process.env, ...env } }
  )
  return JSON.parse(stdout) as Answer
}

describe('providers', () => {
  it('every provider has a finding with its reason; the CPU always works', async () => {
    const { findings, chosen } = await surveyProviders()
    assert.deepEqual(
      findings.map(f => f.provider),
      ['cpu', 'webgpu', 'cuda']
    )
    assert.ok(findings.every(f => f.reason.length > 5))
    assert.ok(findings[0]?.usable === true && findings[0].real && !findings[0].half)
    const best = findings.find(f => f.provider === chosen)
    assert.ok(best?.usable === true && best.real)
  })

  it('auto takes no software adapter, and nothing is probed where no driver has made a device', async () => {
    const { provider } = await chooseProvider('auto')
    if (!(await findHardware()).reachable) assert.equal(provider, 'cpu')
    else assert.ok((await detect(provider)).real)
  })

  it('what is asked for by name and is not there: an error that says why and what to do', async () => {
    for (const provider of ['webgpu', 'cuda'] as const) {
      const found = await detect(provider)
      if (found.usable) {
        assert.equal((await chooseProvider(provider)).provider, provider)
        continue
      }
      await assert.rejects(
        chooseProvider(provider),
        (e: Error & { code?: string; help?: string }) =>
          e.code === 'provider-unavailable' && e.message.includes(found.reason) && (e.help ?? '') !== ''
      )
      const engine = openEngine({ provider })
      await assert.rejects(engine.open('nowhere'), { code: 'provider-unavailable' })
      await engine.close()
    }
  })

  it('float16 never on the CPU', async () => {
    assert.equal((await resolveRuntime({ threads: 1, provider: 'cpu' })).precision, 'f32')
    await assert.rejects(resolveRuntime({ threads: 1, provider: 'cpu', precision: 'f16' }), {
      code: 'precision-unavailable'
    })
  })

  it('a driver that is not there is a finding, not a failure', async function () {
    if (process.platform !== 'linux') this.skip() // Vulkan's environment
    const { findings, chosen } = await surveyIn({ VK_DRIVER_FILES: '/nowhere/driver.json' })
    const webgpu = findings.find(f => f.provider === 'webgpu')
    assert.ok(webgpu?.usable === false && /Vulkan/.test(webgpu.reason), webgpu?.reason)
    assert.notEqual(chosen, 'webgpu')
  })

  it('a probe that dies is a finding, not a failure', async function () {
    if (process.platform !== 'linux') this.skip() // the loader's preload list
    // A heap too small for Node to start with: the probe aborts, as it would in a driver.
    const { stdout } = await run(process.execPath, [
      '--input-type=module',
      '-e',
      `
      import { detect } from ${JSON.stringify(`file://${choose.replace('choose.ts', 'detect.ts')}`)}
      process.env.NODE_OPTIONS = '--max-old-space-size=1'
      console.log(JSON.stringify(await detect('webgpu')))`
    ])
    const found = JSON.parse(stdout) as Answer['findings'][number]
    assert.equal(found.usable, false)
    assert.match(found.reason, /crashed/)
  })
})
