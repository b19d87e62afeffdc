import { useEffect, useMemo, useState } from 'react'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import type { Row } from '../../../protocol/data/types.ts'
import type { Hex } from '../../../protocol/primitives/hex.ts'
import { mergeChecks, useCheck, useCompared, useHeldOut } from '../check/index.ts'
import type { CheckRequest, CheckedFile, Judged, LocalFile, LocalReading } from '../check/index.ts'
import { refusedFile } from './refused-file.ts'

/** What the API takes of a file at once. */
const mostSent = 16 << 20
const none: readonly Row[] = []
const noEdits: CheckRequest['edits'] = new Map()

interface Draft {
  readonly file: LocalFile | undefined
  /** What this browser found, with the file as it would be sent now. */
  readonly checked: (CheckedFile & { readonly current: Uint8Array }) | undefined
  readonly judged: Judged | undefined
  readonly heldOut: readonly Row[]
  readonly allowance: Judged['allowance']
  readonly isBusy: boolean
  /** Why the file could not be checked here. */
  readonly failed: string | undefined
  /** Why the daemon could not compare it. */
  readonly error: Error | undefined
  readonly edited: number
  /** What of the file is no row and was not mended here, by its line. */
  readonly problems: LocalReading['problems'] | undefined
  readonly take: (file: LocalFile) => void
  readonly edit: (line: number, text: string | null) => void
  readonly leaveOut: (lines: readonly number[]) => void
  readonly reset: () => void
}

/**
 * A file on its way to become a contribution: checked here at once, then compared by the daemon, again after each line
 * that is mended.
 * @param isKept whether the daemon is not to see it
 * @param from a contribution whose refused rows are mended and sent again; none: ''
 */
export function useDraft(net: DatanetView, contributor: Hex | undefined, from: string, isKept = false): Draft {
  const [file, setFile] = useState<LocalFile>()
  const [edits, setEdits] = useState(noEdits)
  const [error, setError] = useState<Error>()
  const heldOut = useHeldOut(net.id)
  const questions = heldOut.data ?? none

  useEffect(() => {
    if (from === '') return
    refusedFile(from).then(setFile, (cause: unknown) => {
      setError(cause as Error)
    })
  }, [from])

  const rules = useMemo(() => ({ ...net.rules, maxBytes: Math.min(net.rules.maxBytes, mostSent) }), [net.rules])
  const request = useMemo(
    (): CheckRequest | undefined =>
      // Without the questions the checks would say too much good of a file.
      file === undefined || (heldOut.data === undefined && heldOut.error === null)
        ? undefined
        : { bytes: file.bytes, edits, rules, heldOut: questions, uploads: 0 },
    [file, edits, rules, questions, heldOut.data, heldOut.error]
  )
  const { checked, isBusy, failed } = useCheck(request)
  const compared = useCompared(net.id, file === undefined || isKept ? '' : checked?.text, contributor)
  const isCompared = !isKept && file !== undefined && checked !== undefined && !isBusy && !compared.isPlaceholderData
  const judged = useMemo(
    () => (checked === undefined ? undefined : mergeChecks(checked, isCompared ? compared.data : undefined)),
    [checked, isCompared, compared.data]
  )
  return {
    file,
    checked: useMemo(
      () => (checked === undefined || file === undefined ? undefined : { ...checked, current: file.bytes }),
      [checked, file]
    ),
    judged,
    heldOut: questions,
    allowance:
      compared.data === undefined ? undefined : { made: compared.data.uploads, allowed: compared.data.allowed },
    isBusy: isBusy || compared.isFetching,
    failed,
    error: compared.error ?? error,
    edited: edits.size,
    problems: useMemo(
      () =>
        file?.reading === undefined
          ? undefined
          : new Map([...file.reading.problems].filter(([line]) => !edits.has(line))),
      [file, edits]
    ),
    take(taken) {
      setEdits(noEdits)
      setFile(taken)
    },
    edit(line, text) {
      setEdits(new Map(edits).set(line, text))
    },
    leaveOut(lines) {
      setEdits(new Map([...edits, ...lines.map(line => [line, null] as const)]))
    },
    reset() {
      setEdits(noEdits)
    }
  }
}
