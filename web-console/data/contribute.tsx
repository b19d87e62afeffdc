import { useState } from 'react'
import { bondTerms } from '../../protocol/data/bond.ts'
import { exactTokenText } from '../../protocol/primitives/tokens.ts'
import { reasonInWords } from '../../protocol/data/explain.ts'
import type { DatanetView } from '../../daemon/api/contract/views.ts'
import type { Hex } from '../../protocol/primitives/hex.ts'
import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useGo, useParameter, useWord } from '../app/use-place.ts'
import { countText, durationText, manyText, shortId } from '../formats/index.ts'
import {
  Button,
  Card,
  Chip,
  Failure,
  Go,
  GoButton,
  Loading,
  Notice,
  Page as Frame,
  Read,
  Section
} from '../parts/index.ts'
import { SealTo, seatsByWallet } from '../chain/index.ts'
import type { SeatsFound } from '../chain/index.ts'
import { SignerField, useActing } from '../wallets/index.ts'
import type { Signer } from '../wallets/index.ts'
import { DropFile, Lines } from './check/index.ts'
import { HowRead } from './contributing/how-read.tsx'
import { sendFile } from './contributing/send.ts'
import type { Sending } from './contributing/send.ts'
import { Unsent } from './contributing/unsent.tsx'
import { useDraft } from './contributing/use-draft.ts'
import { RuleList } from './rules/rule-list.tsx'
import './data.css'

/** What is looked at in this browser; what is too large for the Datanet is shown too, so that it can be mended. */
const mostLookedAt = 64 << 20
const formNote =
  'JSONL, JSON, CSV, TSV, Parquet, text, Markdown, PDF or DOCX, also packed by gzip or zstd. It stays in this ' +
  'browser until you send it.'

/** Giving rows to a Datanet: drop a file, see what counts, sign, send. */
export function Page() {
  const id = useParameter('id')
  const datanet = useCall('datanet', { id })
  return (
    <Read from={datanet} what="the Datanet">
      {net =>
        net.parents === undefined ? (
          <Contribute key={net.id} net={net} />
        ) : (
          <TakesNone net={net} parents={net.parents} />
        )
      }
    </Read>
  )
}

/** A mix has no door of its own: rows come into it by what it is made of. */
function TakesNone({ net: { id, name }, parents }: { readonly net: DatanetView; readonly parents: readonly string[] }) {
  return (
    <Frame
      title={`${name} takes no rows of its own`}
      phase="data"
      above={<Go to={places.datanet(id)}>{name}</Go>}
      lead="It is a mix, and holds what the Datanets that it is made of accept. Give your rows to one of those."
    >
      <ul className="made-of">
        {parents.map(parent => (
          <li key={parent}>
            <Parent id={parent} />
          </li>
        ))}
      </ul>
    </Frame>
  )
}

function Parent({ id }: { readonly id: string }) {
  const { data } = useCall('datanet', { id })
  return <GoButton to={places.contribute(id)}>Give rows to {data?.name ?? shortId(id)}</GoButton>
}

function Contribute({ net }: { readonly net: DatanetView }) {
  const go = useGo()
  const status = useCall('status')
  const [from] = useWord('from')
  const acting = useActing()
  const [chosen, setSigner] = useState<Signer>()
  const signer: Signer = chosen ?? (acting === undefined ? { kind: 'daemon' } : { kind: 'person', ...acting })
  const [step, setStep] = useState<Sending>()
  const [seats, setSeats] = useState<SeatsFound>()
  const [error, setError] = useState<Error>()
  const contributor = signer.kind === 'daemon' ? (status.data?.address as Hex | undefined) : signer.address
  const [map, setMap] = useState('')
  // A wallet's private rows are shown to no daemon: it would compare them with others'.
  const isKept = net.private !== undefined && signer.kind !== 'daemon' && signer.kind !== 'person'
  const draft = useDraft(net, contributor, from, isKept)
  const { file, checked, judged } = draft

  const { bond, bondSeconds } = bondTerms(net.rules)

  /** A wallet's private rows: first who would read them, and once that is confirmed they are sealed. */
  const send = async (to?: SeatsFound): Promise<void> => {
    const text = checked?.text
    if (text === undefined || status.data === undefined) return
    setError(undefined)
    try {
      if (isKept && signer.kind === 'wallet' && to === undefined) {
        setSeats(await seatsByWallet(signer.wallet, status.data.chain, net.id))
        return
      }
      setSeats(undefined)
      const sent = await sendFile(net, text, signer, status.data.chain, bond, setStep, to)
      go(places.contribution(sent))
    } catch (cause) {
      setError(cause as Error)
    } finally {
      setStep(undefined)
    }
  }
  const left = draft.allowance === undefined ? undefined : Math.max(0, draft.allowance.allowed - draft.allowance.made)
  const isReady = judged?.accept === true && checked?.text !== undefined && !draft.isBusy && left !== 0

  return (
    <Frame
      title={`Give rows to ${net.name}`}
      phase="data"
      above={<Go to={places.datanet(net.id)}>{net.name}</Go>}
      lead={
        'Drop a file, and every row is checked here as the validators will check it. Nothing is sent before ' +
        'you say so.'
      }
    >
      <Unsent net={net} />
      <DropFile
        label="Drop a file of rows here"
        note={formNote}
        mostBytes={mostLookedAt}
        file={file}
        map={map}
        onChoose={() => {
          setMap('')
        }}
        onFile={draft.take}
      />
      {file?.reading === undefined ? null : <HowRead key={file.name} reading={file.reading} map={map} onMap={setMap} />}
      {left === undefined || draft.allowance === undefined ? null : (
        <p className="allowance" data-none={left === 0}>
          {left === 0
            ? `This account has made all ${manyText(draft.allowance.allowed, 'contribution')} that ${net.name} ` +
              'allows it.'
            : `${countText(left)} of ${manyText(draft.allowance.allowed, 'contribution')} are left to this account.`}
        </p>
      )}
      {draft.failed === undefined ? null : <Notice kind="wrong" title={draft.failed} />}
      {file !== undefined && checked === undefined && draft.failed === undefined ? <Loading what="the rows" /> : null}
      {checked === undefined || judged === undefined ? null : (
        <>
          <Section title="What would become of it">
            <Card phase={judged.accept ? 'data' : 'wrong'}>
              <p className="judged-title">
                {countText(judged.own)} of {manyText(judged.lines.length, 'row')} would be taken.{' '}
                {judged.accept ? (
                  <Chip phase="data">would be accepted</Chip>
                ) : (
                  <Chip phase="wrong">would be refused</Chip>
                )}
              </p>
              {judged.accept || judged.reason === undefined ? null : <p>{reasonOf(judged.reason)}</p>}
              <p className="judged-note">{isKept ? keptText : comparedText(draft, net)}</p>
              {checked.isText ? null : (
                <p className="judged-wrong">
                  Some lines are no UTF-8 text, and the file travels as text. Leave them out, or save it as UTF-8.
                </p>
              )}
              {draft.edited > 0 ? (
                <p className="judged-note">
                  {manyText(draft.edited, 'line')} mended or left out here; your file is as it was.{' '}
                  <Button look="quiet" onPress={draft.reset}>
                    Take the file as it is
                  </Button>
                </p>
              ) : null}
              {judged.own > 0 && judged.own < judged.lines.length ? (
                <Button
                  isDisabled={draft.isBusy}
                  onPress={() => {
                    draft.leaveOut(judged.lines.filter(({ code }) => code !== 'own').map(({ line }) => line))
                  }}
                >
                  Leave out what brings nothing: {manyText(judged.lines.length - judged.own, 'row')}
                </Button>
              ) : null}
            </Card>
          </Section>
          <Section title="Sign and send">
            {bond === 0n ? null : (
              <Notice title={`Sending locks ${exactTokenText(bond)} tokens for ${durationText(Number(bondSeconds))}.`}>
                They come back to the same account by themselves, whatever is decided, unless more than two thirds of
                the validators call the file spam. Then they are burnt.
              </Notice>
            )}
            <SignerField
              label="Contribute as"
              signer={signer}
              onChange={one => {
                setSeats(undefined)
                setSigner(one)
              }}
              takesPerson
            />
            <div className="send">
              <Button
                look="main"
                isDisabled={!isReady || step !== undefined || seats !== undefined}
                onPress={() => void send()}
              >
                {step === undefined
                  ? `${sendText(bond)} ${manyText(judged.own, 'row')} to ${net.name}`
                  : stepText(step)}
              </Button>
              <span className="send-note">
                It takes one of your contributions, whatever becomes of it, and cannot be taken off the chain.
              </span>
            </div>
            {seats === undefined || status.data === undefined ? null : (
              <SealTo
                seats={seats}
                chain={status.data.chain.id}
                withHost
                isBusy={step !== undefined || !isReady}
                onSeal={() => void send(seats)}
                onLeave={() => {
                  setSeats(undefined)
                }}
              />
            )}
            {error === undefined ? null : <Failure error={error} />}
          </Section>
          <Section title="Row by row">
            <Lines
              lines={judged.lines}
              heldOut={draft.heldOut}
              problems={draft.problems}
              bytes={checked.current}
              onEdit={draft.edit}
            />
          </Section>
        </>
      )}
      {file === undefined ? (
        <Section title="What it takes">
          <RuleList of={net} />
        </Section>
      ) : null}
    </Frame>
  )
}

const reasonOf = (code: string): string => {
  const text = reasonInWords(code)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

const sendText = (bond: bigint): string => (bond === 0n ? 'Send' : `Lock ${exactTokenText(bond)} tokens and send`)

const stepText = (step: Sending): string =>
  ({
    storing: 'The daemon stores the file',
    'signing the commitment': 'Sign the commitment in the wallet (1 of 2)',
    'signing the rows': 'Sign the rows in the wallet (2 of 2)',
    'signing for the bond': 'Sign in the wallet that the tokens may be locked',
    sending: 'It goes to the chain'
  })[step]

const keptText =
  'Checked in this browser alone. Its rows are private: they leave it encrypted, and only its validators compare them.'

function comparedText({ judged, isBusy, error }: ReturnType<typeof useDraft>, { name }: DatanetView): string {
  if (error !== undefined) return `The daemon could not compare it with what ${name} holds: ${error.message}.`
  if (isBusy || judged?.compared === undefined)
    return `Checked in this browser; being compared with what ${name} holds already.`
  return judged.compared
    ? `Compared with every row that ${name} holds now.`
    : `Not compared with what ${name} holds: this node does not follow it. The validators will.`
}
