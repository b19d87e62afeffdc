import type { PlainError } from './plain-error.ts'

/** Something that can be asked of a program: argument and result are plain data. */
export type Task = (argument: never) => unknown
/** What a program exports as `tasks`. */
export type Tasks = Record<string, Task>

export interface ToProcess {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

export type FromProcess =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PlainError }
