import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { environmentForChildren } from '../../runtime/environment.ts'

/** The graphics processors of this machine, whether or not anything can use them. */
export interface Hardware {
  /** Makers or names, one entry per device. */
  readonly gpus: readonly string[]
  /** Whether a program may open one of them: a driver has made its device file. */
  readonly reachable: boolean
  /** Version line of NVIDIA's kernel driver. */
  readonly nvidiaDriver?: string
}

/** PCI vendors of graphics processors; others with a display (BMCs, virtual machines) only show pictures. */
const vendors: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' }

/** Device files through which drivers reach a graphics processor. */
export const gpuDeviceFile = /^\/dev\/(dri\/renderD\d+|nvidia\d+|dxg|kgsl-3d0|mali\d+)$/

let known: Promise<Hardware> | undefined

/** Looked for once in a process. */
export function findHardware(): Promise<Hardware> {
  known ??= lookForHardware()
  return known
}

async function lookForHardware(): Promise<Hardware> {
  if (process.platform === 'darwin') return { gpus: ['Apple Metal'], reachable: true }
  if (process.platform === 'win32') return windowsHardware()
  const files = [
    ...list('/dev').map(name => `/dev/${name}`),
    ...list('/dev/dri').map(name => `/dev/dri/${name}`)
  ].filter(file => gpuDeviceFile.test(file))
  const pci = list('/sys/bus/pci/devices').flatMap(device => {
    const field = (name: string): string => read(join('/sys/bus/pci/devices', device, name))
    const vendor = vendors[field('vendor')]
    return field('class').startsWith('0x03') && vendor !== undefined ? [vendor] : []
  })
  const nvidiaDriver = read('/proc/driver/nvidia/version').split('\n')[0] ?? ''
  return {
    gpus: pci.length > 0 ? pci : files,
    reachable: files.length > 0,
    ...(nvidiaDriver === '' ? {} : { nvidiaDriver })
  }
}

/** Windows shows a basic adapter where there is no driver or no device. */
async function windowsHardware(): Promise<Hardware> {
  try {
    const { stdout } = await promisify(execFile)(
      'powershell',
      ['-NoProfile', '-Command', '(Get-CimInstance Win32_VideoController).Name'],
      { timeout: 10_000, env: environmentForChildren() }
    )
    const gpus = stdout
      .split(/\r?\n/)
      .map(line => line.trim())
      .filter(name => name !== '' && !/Microsoft (Basic|Remote|Hyper-V)/.test(name))
    const driver = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvcuda.dll')
    return { gpus, reachable: gpus.length > 0, ...(existsSync(driver) ? { nvidiaDriver: driver } : {}) }
  } catch {
    return { gpus: [], reachable: false } // no answer is no graphics processor: the CPU works everywhere
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  } // not there, or not for us
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
