import type { Row } from '../types.ts'

// What a reader of files takes and gives. Nothing here knows where the bytes are: on a disk, in a browser's file, in a
// request.

/** A file that can be read from anywhere in it. */
export interface FileSource {
  /** Its name, whose ending helps to tell what it is; may be empty. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** The bytes from one place to before another, both within the file. */
  slice(from: number, to: number): Promise<Uint8Array>
}

/** Where something stands in a file, counted from 1. */
export interface Place {
  readonly unit: 'line' | 'row' | 'page' | 'paragraph'
  readonly number: number
}

/** What is wrong with one record of a file: a code for programs, and a sentence's end ("it is …") for people. */
export interface Fault {
  readonly code: string
  readonly says: string
}

/** A record as its container holds it: a value like JSON's, or what is wrong there. */
export type Found =
  | { readonly place: Place; readonly value: unknown }
  | { readonly place: Place; readonly fault: Fault; readonly raw?: string }

/** What a container gives, many at a time, and what may be said of it before. */
export interface Records {
  /** In words: "CSV with semicolons, UTF-16". */
  readonly container: string
  /** Names of columns where the container has such. */
  readonly columns?: readonly string[]
  /** What else there is to say of how it is read. */
  readonly notes?: readonly string[]
  readonly found: AsyncGenerator<Found[]>
}

/** A row that was read, or what is wrong with it. */
export type ReadRow =
  | { readonly place: Place; readonly row: Row }
  | { readonly place: Place; readonly fault: Fault; readonly raw?: string }

/** How rows of one form were made of a file's fields. */
export interface MappingView {
  /** The layout's name: "Alpaca", "ShareGPT". */
  readonly layout: string
  /** In words: "prompt is `instruction`, then `input`; response is `output`". */
  readonly says: string
  /** Fields that are not used. */
  readonly unused: readonly string[]
  readonly rows: number
}

/** Which columns stand for what, as somebody asked for; each may be several, joined by line breaks. */
export type ColumnMap = Readonly<Partial<Record<MapKey, readonly string[]>>>
export const mapKeys = ['prompt', 'response', 'system', 'messages', 'layout'] as const
export type MapKey = (typeof mapKeys)[number]
