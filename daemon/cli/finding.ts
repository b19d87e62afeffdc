/** One line of the doctor. */
export interface Finding {
  check: string
  ok: boolean
  required: boolean
  found: string
  help?: string
}
