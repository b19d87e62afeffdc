import { useState } from 'react'
import { exactTokenText } from '../../../protocol/primitives/tokens.ts'
import { useAct } from '../../api/index.ts'
import { smallestOf } from '../../formats/index.ts'
import { Button, Failure, Switch, TextField } from '../../parts/index.ts'
import './serve.css'

interface ServeFormProps {
  readonly model: string
  /** What it is offered for here now. */
  readonly now?: { readonly inputPrice: string; readonly outputPrice: string } | undefined
  /** How it is served here, where that is known. */
  readonly isServed?: { readonly own: boolean; readonly all: boolean }
}

/** A worker offers a model, or every one over its base, at its own price. */
export function ServeForm({ model, now, isServed = { own: true, all: true } }: ServeFormProps) {
  const [input, setInput] = useState(now === undefined ? '0.000001' : exactTokenText(BigInt(now.inputPrice)))
  const [output, setOutput] = useState(now === undefined ? '0.00001' : exactTokenText(BigInt(now.outputPrice)))
  const [isAll, setAll] = useState(false)
  const serve = useAct('serve', ['models', 'model', 'bazaarModel', 'status'])
  const [inputPrice, outputPrice] = [smallestOf(input), smallestOf(output)]
  // [reject] A worker is paid for what it writes: an offer without a price for that is none.
  const isFree = outputPrice === 0n
  return (
    <>
      <div className="serve-fields">
        <TextField
          label="TILTH for a token of a question"
          number
          value={input}
          onChange={setInput}
          fault={inputPrice === undefined ? 'A number of TILTH.' : undefined}
        />
        <TextField
          label="TILTH for a token of an answer"
          number
          value={output}
          onChange={setOutput}
          fault={outputPrice === undefined || isFree ? 'A number of TILTH above 0.' : undefined}
        />
      </div>
      <p className="serve-line">
        <Switch isOn={isAll} onChange={setAll}>
          All models over its base by one offer; each is fetched when it is asked for. Others that you serve no more are
          left out.
        </Switch>
      </p>
      <p className="serve-line">
        <Button
          isDisabled={inputPrice === undefined || outputPrice === undefined || isFree || serve.isPending}
          onPress={() =>
            serve.mutate({
              params: { id: model },
              body: {
                inputPrice: String(inputPrice),
                outputPrice: String(outputPrice),
                ...(isAll ? { all: true } : {})
              }
            })
          }
        >
          {isAll ? 'Serve them all here at this price' : 'Serve it here at this price'}
        </Button>
      </p>
      {serve.isSuccess && (serve.data.base === undefined ? isServed.own : isServed.all) ? (
        <p className="serve-line" role="status">
          {serve.data.base === undefined ? 'It is served here now.' : 'The models over its base are served here now.'}
        </p>
      ) : null}
      {serve.error === null ? null : <Failure error={serve.error} />}
    </>
  )
}
