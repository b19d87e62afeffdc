import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { useCall, useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useWord } from '../../app/use-place.ts'
import { numberText } from '../../formats/index.ts'
import { Button, Empty, Failure, Go, GoButton, Loading, Page as Frame, Select } from '../../parts/index.ts'
import { exactText, likelyOf, priceText } from '../bazaar/words.ts'
import { AnswerBody } from '../chat/answer-body.tsx'
import { Composer } from '../chat/composer.tsx'
import { settingsOf } from '../chat/settings-form.ts'
import { Settings, useSettings } from '../chat/settings.tsx'
import { useRounds } from './use-rounds.ts'
import type { Round } from './use-rounds.ts'
import '../chat/chat.css'
import './compare.css'

const most = 4

/** Two to four models on the same prompts, in one view that can be shared. */
export function Page() {
  const [word, setWord] = useWord('models')
  const wanted = word.split(',').filter(Boolean).slice(0, most)
  const list = useList('bazaar', { limit: 100 })
  const [form, setForm] = useSettings()
  const { rounds, isBusy, stop, say, ask } = useRounds(settingsOf(form))
  const others = (list.items ?? []).filter(({ id, name }) => !wanted.includes(id) && !wanted.includes(name))
  const put = (models: readonly string[]): void => setWord(models.join(','))
  return (
    <Frame
      phase="models"
      wide
      above={<Go to={places.bazaar}>Bazaar</Go>}
      title={wanted.length < 2 ? 'Compare models on your own prompts' : 'The same prompts, side by side'}
      lead="Each model answers as if nothing had been asked before. Every answer is paid for like any other."
      actions={
        wanted.length >= most || others.length === 0 ? undefined : (
          <Select
            label="Put beside them"
            value=""
            onChange={id => put([...wanted, id])}
            options={others.map(({ id, name }) => ({ value: id, name }))}
          />
        )
      }
    >
      {wanted.length === 0 ? (
        <Empty title="No model is chosen yet.">
          <GoButton to={places.bazaar}>Choose in the bazaar</GoButton>
        </Empty>
      ) : (
        <div className="compare" data-columns={wanted.length}>
          {wanted.map(id => (
            <Head key={id} id={id} remove={() => put(wanted.filter(one => one !== id))} />
          ))}
          {rounds.map(round => (
            <RoundView key={round.id} round={round} models={wanted} ask={model => ask(round, model)} />
          ))}
        </div>
      )}
      {wanted.length === 0 ? null : (
        <div className="chat-foot">
          <Composer label="Ask them all" act="Ask all" isBusy={isBusy} onSay={prompt => say(prompt, wanted)}>
            <Settings form={form} onChange={setForm} />
            {isBusy ? (
              <Button look="wrong" onPress={stop}>
                Stop
              </Button>
            ) : null}
          </Composer>
        </div>
      )}
    </Frame>
  )
}

/** A model at the top of its column. */
function Head({ id, remove }: { readonly id: string; readonly remove: () => void }) {
  const model = useCall('bazaarModel', { id })
  return (
    <header className="compare-head">
      {model.data === undefined ? (
        model.error === null ? (
          <Loading what="the model" lines={1} />
        ) : (
          <Failure error={model.error} again={() => void model.refetch()} />
        )
      ) : (
        <HeadOf model={model.data} />
      )}
      <Button look="quiet" onPress={remove} aria-label={`Leave out ${model.data?.name ?? 'it'}`}>
        Leave out
      </Button>
    </header>
  )
}

function HeadOf({ model }: { readonly model: BazaarView }) {
  const { id, name, quality, matches, heldOutLoss } = model
  return (
    <div>
      <h2>
        <Go to={places.model(id)}>{name}</Go>
      </h2>
      <p>
        {quality === null ? null : <>held-out answers {numberText(likelyOf(quality.tuned), 2)} · </>}
        {matches === null ? null : <>{exactText(matches)} · </>}
        {heldOutLoss === null ? null : <>loss {numberText(heldOutLoss.tuned)} · </>}
        {priceText(model)}
      </p>
    </div>
  )
}

interface RoundProps {
  readonly round: Round
  readonly models: readonly string[]
  readonly ask: (model: string) => void
}

function RoundView({ round, models, ask }: RoundProps) {
  return (
    <>
      <p className="compare-prompt" dir="auto">
        {round.prompt}
      </p>
      {models.map(model => {
        const answer = round.answers[model]
        return (
          <div key={model} className="compare-answer">
            {answer === undefined ? (
              <Button look="quiet" onPress={() => ask(model)}>
                Ask this one too
              </Button>
            ) : (
              <AnswerBody text={answer.text} facts={answer.facts} asked={round.prompt} />
            )}
          </div>
        )
      })}
    </>
  )
}
