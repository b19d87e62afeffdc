// What a node does by itself, each kind by a policy that its owner can switch. A policy looks at what it is about (a
// Datanet, a job, a channel, a pool) and says of each what is to be done now, or what is waited for. Whether something
// was done is told by the chain and the disk, never by what is remembered here: a step may be begun again at any time.

/** In the order of the flow. */
export const automationNames = [
  'anchor',
  'seat',
  'jury',
  'questions',
  'bonds',
  'register',
  'serve',
  'redeem',
  'settle',
  'watch',
  'finalize',
  'claim'
] as const
export type AutomationName = (typeof automationNames)[number]

/** The owner's switch, beside the policy's own settings. */
export type Switched<P = unknown> = P & { readonly on: boolean }

interface Planned {
  /** A name or an id of what it is about. */
  readonly about: string
  /** As a person would say it: `anchor version 3 of elements`. */
  readonly what: string
}
/** A step that is due. Tried again after a failure, later each time; so it has to be one that can be. */
export interface Due extends Planned {
  readonly due: true
  /** @returns what was done, in words */
  readonly run: (signal: AbortSignal) => Promise<string>
}
/** What is not done now, why, and when it will be (milliseconds since 1970; null where no time says so). */
export interface Waiting extends Planned {
  readonly due: false
  readonly why: string
  readonly at: number | null
}
export type Plan = Due | Waiting

export interface AutomationSpec {
  readonly name: AutomationName
  readonly on: boolean
  /** How often it looks when nothing wakes it. */
  readonly everyMs: number
  /** What is due and what waits; in the order in which it is to be done. */
  plans(): AsyncIterable<Plan>
}

export interface Automation {
  /** Does nothing where it is switched off. */
  start(): void
  stop(): Promise<void>
  /** Something has changed: looks soon. */
  wake(): void
  /** A step of its kind was done outside of its rounds: said in the log, on the bus and in views like the others. */
  did(step: { about: string; what: string }): void
}

/** The last step. */
export interface StepView {
  readonly about: string
  /** What was done; of a failure what was tried. */
  readonly what: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** Why it failed; null when it was done. */
  readonly failed: string | null
}

export interface AutomationView {
  readonly name: AutomationName
  readonly on: boolean
  /** What it will do next, the soonest first. */
  readonly next: readonly Omit<Waiting, 'due'>[]
  readonly last: StepView | null
}

/** News of everything that is done by itself, for the bus, the API and the console. */
export type AutomationEvents = {
  'automation.step': StepView & { readonly automation: AutomationName }
}

/** What a node does by itself: each phase adds what is its own. */
export interface Automations {
  add(spec: AutomationSpec): Automation
  /** In the order of the flow. */
  views(): readonly AutomationView[]
}
