import { existsSync } from 'node:fs'
import { providers } from '../../node/engine/graph/index.ts'
import { detect } from '../../node/engine/providers/index.ts'

/** Where the tests that take a provider run: the CPU, or what TILTH_TEST_PROVIDER names (webgpu.test.ts sets it). */
export const provider = providers.find(name => name === process.env['TILTH_TEST_PROVIDER']) ?? 'cpu'

/** Whether float16 runs on that provider; the CPU converts. */
export const halfHere = async (): Promise<boolean> => provider === 'cpu' || (await detect(provider)).half

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json'
// When this file is loaded, before any test: what a process finds out about WebGPU it does not ask again.
if (process.env['VK_DRIVER_FILES'] === undefined && existsSync(swiftShader))
  process.env['VK_DRIVER_FILES'] = swiftShader

/**
 * Environment in which WebGPU has an adapter: this one, where a Vulkan driver is named or a GPU is there, else that of
 * the
 * SwiftShader in Debian's chromium. Undefined, and why, where there is none.
 */
export async function webGpuEnvironment(): Promise<{ env: NodeJS.ProcessEnv } | { missing: string }> {
  const quiet = { XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? '/tmp' } // or the loader complains
  const found = await detect('webgpu')
  if (!found.usable)
    return { missing: `${found.reason}. Tests in software need Debian's chromium and libvulkan1, or VK_DRIVER_FILES` }
  return { env: { ...process.env, ...quiet } }
}
