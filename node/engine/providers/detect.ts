import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentForChildren } from '../../runtime/environment.ts'
import type { Provider } from '../graph/provider.ts'
import { programBeside } from '../../runtime/program.ts'
import type { Finding } from './findings.ts'
import { findHardware } from './hardware.ts'
import type { ProbeAnswer } from './probe.ts'

/** Longest a probe may take: drivers compile their first shaders, and some never answer. */
const probeMilliseconds = 60_000

const cpu: Finding = { provider: 'cpu', usable: true, real: true, half: false, reason: 'always there' }

const known = new Map<Provider, Promise<Finding>>()

/**
 * What this machine has of one provider. Asked once in a process; a driver that crashes crashes a process of its own.
 */
export function detect(provider: Provider): Promise<Finding> {
  const before = known.get(provider)
  if (before !== undefined) return before
  const finding = provider === 'cpu' ? Promise.resolve(cpu) : provider === 'webgpu' ? detectWebGpu() : detectCuda()
  known.set(provider, finding)
  return finding
}

const cudaHelp =
  'npm install onnxruntime-node --onnxruntime-node-install=cuda12, with CUDA 12 and cuDNN 9 on the machine.'

async function detectCuda(): Promise<Finding> {
  const none = { provider: 'cuda', usable: false, real: false, half: false } as const
  const { gpus, nvidiaDriver } = await findHardware()
  const device = nvidiaDriver !== undefined || gpus.some(name => /nvidia/i.test(name))
  const installed = existsSync(cudaLibrary())
  if (!device)
    return {
      ...none,
      reason: installed ? 'the CUDA provider is installed, but there is no NVIDIA GPU' : 'no NVIDIA GPU'
    }
  if (nvidiaDriver === undefined)
    return {
      ...none,
      reason: 'an NVIDIA GPU is there, but not its kernel driver',
      help: "Install NVIDIA's driver, and in a container pass the GPU through."
    }
  if (!installed)
    return { ...none, reason: 'an NVIDIA GPU is there, but the CUDA provider is not installed', help: cudaHelp }
  const outcome = await runProbe('cuda')
  if ('failure' in outcome)
    return { ...none, reason: `the CUDA provider does not run: ${outcome.failure}`, help: cudaHelp }
  return {
    provider: 'cuda',
    usable: true,
    real: true,
    half: outcome.answer.half,
    adapter: gpus.find(name => /nvidia/i.test(name)) ?? 'NVIDIA',
    reason: `NVIDIA GPU with the CUDA provider${outcome.answer.half ? '' : ', without float16'}`
  }
}

function cudaLibrary(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  const file = process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so'
  return join(folder, 'bin', 'napi-v6', process.platform, process.arch, file)
}

async function detectWebGpu(): Promise<Finding> {
  const none = { provider: 'webgpu', usable: false, real: false, half: false } as const
  const { gpus, reachable } = await findHardware()
  const outcome = await runProbe('webgpu')
  if ('failure' in outcome) return { ...none, ...explain(outcome.failure, gpus) }
  const { half, drivers, devices } = outcome.answer
  // Drivers load for every installed kind of device; the one that is used has its device open. A processor that the CPU
  // imitates has none.
  const real = process.platform === 'linux' ? devices.length > 0 : reachable
  const adapter = real ? (driverName(drivers, false) ?? gpus[0] ?? 'unnamed') : (driverName(drivers, true) ?? 'unnamed')
  const note = half ? '' : ', without float16'
  if (real) return { provider: 'webgpu', usable: true, real, half, adapter, reason: `${adapter}${note}` }
  return {
    provider: 'webgpu',
    usable: true,
    real,
    half,
    adapter,
    reason: `only a software adapter (${adapter}${note})`,
    ...(gpus.length === 0
      ? {}
      : {
          help:
            `A GPU is there (${gpus.join(', ')}), but no Vulkan driver reaches it: ` +
            'install its driver, and let this user open /dev/dri/renderD*.'
        })
  }
}

const softwareDrivers: readonly (readonly [RegExp, string])[] = [
  [/swiftshader/i, 'SwiftShader'],
  [/libvulkan_lvp/, 'lavapipe']
]
const hardwareDrivers: readonly (readonly [RegExp, string])[] = [
  [/nvidia/i, 'NVIDIA'],
  [/libvulkan_radeon/, 'AMD, RADV'],
  [/amdvlk/, 'AMD, AMDVLK'],
  [/libvulkan_intel/, 'Intel'],
  [/libvulkan_(nouveau)/, 'NVIDIA, NVK'],
  [/libvulkan_dzn/, 'Direct3D 12 of WSL']
]

function driverName(files: readonly string[], software: boolean): string | undefined {
  return (software ? softwareDrivers : hardwareDrivers).find(([pattern]) => files.some(file => pattern.test(file)))?.[1]
}

/** Why there is no WebGPU, from what the loader and Dawn say. */
function explain(failure: string, gpus: readonly string[]): { reason: string; help?: string } {
  const device = gpus.length === 0 ? 'no GPU is there' : `a GPU is there (${gpus.join(', ')})`
  if (/libvulkan/.test(failure))
    return { reason: `no Vulkan loader; ${device}`, help: 'Install it: apt-get install libvulkan1.' }
  if (/Found no drivers|INCOMPATIBLE_DRIVER|No supported adapters/.test(failure)) {
    return {
      reason: `no Vulkan driver offers an adapter; ${device}`,
      ...(gpus.length === 0
        ? {}
        : { help: "Install the Vulkan driver of the GPU: NVIDIA's own, or mesa-vulkan-drivers." })
    }
  }
  return { reason: `WebGPU does not run: ${failure}; ${device}` }
}

type Outcome = { readonly answer: ProbeAnswer } | { readonly failure: string }

function runProbe(provider: Provider): Promise<Outcome> {
  const file = fileURLToPath(programBeside(import.meta.url, 'probe'))
  return new Promise(resolve => {
    const child = spawn(process.execPath, [file, provider], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environmentForChildren(),
      timeout: probeMilliseconds,
      killSignal: 'SIGKILL'
    })
    let [output, errors] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on('error', error => resolve({ failure: error.message }))
    child.on('close', (code, signal) => {
      const answer = parse(output)
      if (answer?.error !== undefined) resolve({ failure: brief(`${errors}\n${answer.error}`) })
      else if (answer !== undefined) resolve({ answer })
      else if (signal === 'SIGKILL') resolve({ failure: `its driver gave no answer in ${probeMilliseconds / 1000} s` })
      else resolve({ failure: `its driver crashed (${signal ?? `exit ${code}`}) ${brief(errors)}`.trim() })
    })
  })
}

function parse(output: string): ProbeAnswer | undefined {
  const line = output.trim().split('\n').at(-1) ?? ''
  try {
    return JSON.parse(line) as ProbeAnswer
  } catch {
    return undefined
  } // a crash cuts the line off
}

/** The lines that say something, short enough to show. */
function brief(text: string): string {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('at ') && !line.includes('XDG_RUNTIME_DIR'))
  return [...new Set(lines)].join(' ').slice(0, 600)
}
