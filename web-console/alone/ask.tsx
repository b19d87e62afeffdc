import { useRef, useState } from 'react'
import { checkReceipt } from 'tilth/client'
import type { Answer, Offer, Receipt, Tilth } from 'tilth/client'
import type { Address } from '../../protocol/primitives/hex.ts'
import { amountText, smallestOf } from '../formats/index.ts'
import { Amount } from '../parts/amount.tsx'
import { Button } from '../parts/button.tsx'
import { LongField, Select, TextField } from '../parts/fields.tsx'
import { Facts, Section } from '../parts/page.tsx'
import { Told } from './told.tsx'

interface AskProps {
  readonly tilth: Tilth
  readonly offers: readonly Offer[]
  readonly network: { readonly chainId: number; readonly registry: Address }
  readonly onPaid: () => void
}

/** A model's cheapest offer stands for it: which worker answers is found when it is asked. */
function modelsOf(offers: readonly Offer[]): Offer[] {
  const models = new Map<string, Offer>()
  for (const offer of offers) if (!models.has(offer.model)) models.set(offer.model, offer)
  return [...models.values()]
}

/** A question of this page's own, its answer as it comes, and the receipt, checked here. */
export function Ask({ tilth, offers, network, onPaid }: AskProps) {
  const models = modelsOf(offers)
  const [chosen, setChosen] = useState<string>()
  const [question, setQuestion] = useState('')
  const [most, setMost] = useState('1')
  const [tokens, setTokens] = useState('64')
  const [text, setText] = useState('')
  const [receipt, setReceipt] = useState<Receipt>()
  const [error, setError] = useState<Error>()
  const running = useRef<Answer | undefined>(undefined)
  const [isRunning, setRunning] = useState(false)
  const model = models.find(({ model }) => model === chosen) ?? models[0]
  const maxFee = smallestOf(most)
  const maxTokens = /^[1-9][0-9]{0,3}$/.test(tokens) ? Number(tokens) : undefined

  async function ask(): Promise<void> {
    if (model === undefined || maxFee === undefined || maxTokens === undefined) return
    setText('')
    setReceipt(undefined)
    setError(undefined)
    setRunning(true)
    try {
      const messages = [{ role: 'user', content: question }] as const
      const answer = tilth.ask({ model: model.model, messages, maxTokens, maxFee })
      running.current = answer
      for await (const piece of answer) setText(before => before + piece)
      const got = await answer.receipt
      // [reject] What is shown as paid is what both have signed.
      setReceipt(got === undefined ? undefined : checkReceipt(got.signed, network))
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)))
    } finally {
      setRunning(false)
      onPaid()
    }
  }

  return (
    <>
      <Section title="Ask">
        <div className="alone-form">
          <Select
            label="Model"
            value={model?.model ?? ''}
            onChange={setChosen}
            options={models.map(({ model, name, outputPrice, all }) => ({
              value: model,
              name,
              note:
                `${amountText(outputPrice * 1000n)} for a thousand tokens of answer` +
                (all ? ', offered with all over its base: fetched when it is asked' : '')
            }))}
          />
          <LongField label="Question" value={question} onChange={setQuestion} />
          <TextField
            label="Tokens at most"
            number
            value={tokens}
            onChange={setTokens}
            fault={maxTokens === undefined ? 'A whole number from 1' : undefined}
          />
          <TextField
            label="It may cost, in TILTH"
            number
            value={most}
            onChange={setMost}
            fault={maxFee === undefined ? 'An amount, as 0.5' : undefined}
          />
          {isRunning ? (
            <Button onPress={() => running.current?.stop()}>Stop</Button>
          ) : (
            <Button
              look="main"
              isDisabled={
                model === undefined || question.trim() === '' || maxFee === undefined || maxTokens === undefined
              }
              onPress={() => void ask()}
            >
              Ask
            </Button>
          )}
        </div>
      </Section>
      {error === undefined ? null : <Told error={error} />}
      {text === '' ? null : (
        <Section title="Answer">
          <p aria-live="polite" className="alone-answer">
            {text}
          </p>
        </Section>
      )}
      {receipt === undefined ? null : (
        <Section title="Receipt" note="Both signatures, the fee by the offer and the channel’s sum were checked here.">
          <Facts
            facts={[
              ['Paid', <Amount key="fee" of={receipt.fee} />],
              ['Tokens', `${receipt.inputTokens} read, ${receipt.outputTokens} written`],
              ['Worker', <code key="worker">{receipt.worker}</code>],
              ['Receipt', <code key="id">{receipt.id}</code>]
            ]}
          />
        </Section>
      )}
    </>
  )
}
