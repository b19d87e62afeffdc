import { isDeepStrictEqual } from 'node:util'
import {
  InvalidError,
  NotFoundError,
  exactTokenText,
  refusalsOf,
  refusalsText
} from '../../protocol/primitives/index.ts'
import { readIfThere, writePrivate } from '../private-file.ts'
import { tokensText } from './automation.ts'
import { formOf } from './form.ts'
import type { Form } from './form.ts'
import type { Origin } from './load.ts'
import { createNamedBackends } from './named-backends.ts'
import type { NamedBackends } from './named-backends.ts'
import { daemonConfig } from './schema.ts'
import type { DaemonConfig } from './schema.ts'
import { settings } from './settings.ts'
import type { Setting } from './settings.ts'

export interface SettingState extends Setting, Form {
  /** What the daemon goes by now; amounts in whole tokens. */
  readonly value: unknown
  /** What the file says and the next start will use, where that is something else. */
  readonly coming: unknown
  readonly pending: boolean
  /** Set by a flag, the environment or the local network, which win over the file. */
  readonly locked: boolean
}

export interface Settings {
  readonly file: string
  view(): Promise<readonly SettingState[]>
  /**
   * Writes one setting into the file, on disk when it resolves; null takes it out, so that what is usual holds.
   * @throws NotFoundError `settings.unknown` · InvalidError `settings.locked`, `settings.wrong` in words, `config.json`
   */
  change(path: string, value: unknown): Promise<SettingState>
  /** Servers that answer in the engine's place. */
  readonly backends: NamedBackends
}

type Tree = Readonly<Record<string, unknown>>
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

const at = (tree: Tree, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (isTree(value) ? value[name] : undefined), tree)

/** The tree with another value there; undefined takes it out. */
function put(tree: Tree, path: string, value: unknown): Tree {
  const [name = '', ...rest] = path.split('.')
  const inner = tree[name]
  const next = rest.length === 0 ? value : put(isTree(inner) ? inner : {}, rest.join('.'), value)
  const { [name]: _old, ...others } = tree
  return next === undefined ? others : { ...others, [name]: next }
}

/** An amount of the file as people read it. */
const shown = ({ smallest }: Setting, value: unknown): unknown =>
  smallest === true && typeof value === 'string' && /^[0-9]{1,40}$/.test(value) ? exactTokenText(BigInt(value)) : value

/** What people write as the file has it. @throws InvalidError `settings.wrong` */
function kept({ smallest, label }: Setting, value: unknown): unknown {
  if (smallest !== true) return value
  const parsed = tokensText.safeParse(value)
  if (!parsed.success)
    throw new InvalidError('settings.wrong', `${label} must be an amount of tokens such as 0.01`, {
      help: 'Nothing was changed.'
    })
  return parsed.data.toString()
}

/** @param apply called with the whole configuration after a change of what is used at once */
export function createSettings(origin: Origin, apply: (config: DaemonConfig) => Promise<void>): Settings {
  let given: Tree = origin.given
  let written: Tree = origin.written
  let last: Promise<unknown> = Promise.resolve()

  /** What `tilth up` writes into the files of its daemons at each start. */
  const isDecided = (path: string): boolean =>
    at(given, 'localNetwork') !== undefined && (path === 'listen' || path === 'bootstrap')

  /** The file as it stands: somebody may have edited it. @throws InvalidError `config.json` */
  async function onDisk(): Promise<Tree> {
    const text = (await readIfThere(origin.file)) ?? '{}' // its first setting makes it
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new InvalidError('config.json', `the configuration file ${origin.file} is not JSON any more`, {
        help: 'Mend it by hand; nothing was changed.',
        cause
      })
    }
    return isTree(value) ? value : {}
  }
  function stateOf(setting: Setting, file: Tree): SettingState {
    const { path } = setting
    const form = formOf(path)
    const [now, before, next] = [at(given, path), at(written, path), at(file, path)]
    const locked = isDecided(path) || (now !== undefined && !isDeepStrictEqual(now, before))
    const value = now ?? form.usual
    const coming = next ?? at(origin.network, path) ?? form.usual
    const pending = !locked && !isDeepStrictEqual(coming, value)
    return {
      ...setting,
      ...form,
      usual: shown(setting, form.usual),
      value: shown(setting, value),
      coming: shown(setting, pending ? coming : value),
      pending,
      locked
    }
  }

  async function changeOne(path: string, wanted: unknown): Promise<SettingState> {
    const setting = settings.find(one => one.path === path)
    if (setting === undefined)
      throw new NotFoundError('settings.unknown', `there is no setting ${path.slice(0, 80)} to change here`, {
        help: 'See the list of settings; others stand in the configuration file alone.'
      })
    const file = await onDisk()
    // [reject] What a flag says wins over the file: a change there would change nothing.
    if (stateOf(setting, file).locked)
      throw new InvalidError(
        'settings.locked',
        `${setting.label} is set by a flag, the environment or the local network, which win`,
        {
          help: 'Start the daemon without it, then it can be changed here.'
        }
      )
    const value = wanted === null ? undefined : kept(setting, wanted)
    const whole = put(given, path, value)
    const parsed = daemonConfig.safeParse(whole)
    if (!parsed.success) {
      const told = refusalsText(refusalsOf(daemonConfig, whole, parsed.error), () => setting.label)
      throw new InvalidError('settings.wrong', told, { help: 'Nothing was changed.' })
    }
    const next = put(file, path, value)
    await writePrivate(origin.file, `${JSON.stringify(next, null, 2)}\n`)
    if (setting.live === true) {
      given = whole
      written = put(written, path, value)
      await apply(parsed.data)
    }
    return stateOf(setting, next)
  }

  /** One after another: each writes the whole file. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = last.then(work, work)
    last = run.catch(() => undefined) // told to whoever asked for it
    return run
  }

  return {
    file: origin.file,
    backends: createNamedBackends(origin.file, origin.given, inTurn),
    async view() {
      const file = await onDisk()
      return settings.map(setting => stateOf(setting, file))
    },
    change: (path, value) => inTurn(() => changeOne(path, value))
  }
}
