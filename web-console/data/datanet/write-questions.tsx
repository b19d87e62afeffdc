import { useMemo, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { useCall } from '../../api/index.ts'
import { manyText } from '../../formats/index.ts'
import { Button, Failure, Notice, Section } from '../../parts/index.ts'
import { SignerField } from '../../wallets/index.ts'
import type { Signer } from '../../wallets/index.ts'
import { DropFile } from '../check/index.ts'
import type { LocalFile } from '../check/index.ts'
import { questionsOf } from '../rules/form.ts'
import { sendQuestions } from './send-questions.ts'

/** Text of one batch, as the API takes it. */
const mostBytes = 65_536

/** Writing held-out questions: sealed to those that sit, by this node's key or a wallet that pays nothing. */
export function WriteQuestions({ net }: { readonly net: DatanetView }) {
  const chain = useCall('status').data?.chain
  const queries = useQueryClient()
  const [file, setFile] = useState<LocalFile>()
  const [signer, setSigner] = useState<Signer>({ kind: 'daemon' })
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<Error>()
  const read = useMemo(() => (file === undefined ? undefined : questionsOf(file.bytes)), [file])
  const count = read !== undefined && 'rows' in read ? read.rows.length : 0
  const send = async (): Promise<void> => {
    if (file === undefined || chain === undefined) return
    setBusy(true)
    setError(undefined)
    try {
      await sendQuestions(net, new TextDecoder().decode(file.bytes), signer, chain)
      setFile(undefined)
      await queries.invalidateQueries({ queryKey: ['questions'] })
    } catch (cause) {
      setError(cause as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Section
      title="Write held-out questions"
      note={
        'Validators alone read them until the version that they judge is anchored. They say nothing of your own ' +
        'rows. By a wallet they are sealed in this browser, and this node pays for their room.'
      }
    >
      <DropFile
        label="Drop your questions here"
        note='JSONL: one question a line, {"prompt": "…", "response": "…"}; eight at least.'
        mostBytes={mostBytes}
        file={file}
        onFile={setFile}
      />
      {read !== undefined && 'fault' in read ? <Notice kind="wrong" title={read.fault} /> : null}
      <SignerField label="Write as" signer={signer} onChange={setSigner} />
      <Button isDisabled={count === 0 || isBusy} onPress={() => void send()}>
        {isBusy ? 'Sealing and sending …' : `Seal and put ${manyText(count, 'question')}`}
      </Button>
      {error === undefined ? null : <Failure error={error} />}
    </Section>
  )
}
