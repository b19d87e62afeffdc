import { Checkbox } from 'react-aria-components'
import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { places } from '../../app/places.ts'
import { manyText } from '../../formats/index.ts'
import { Chip, Go, GoButton, useNames, Owes } from '../../parts/index.ts'
import { makersOf } from '../model/makers.ts'
import { QualityBar } from '../model/quality-bar.tsx'
import { offeredText, priceText } from './words.ts'

interface ModelCardProps {
  readonly model: BazaarView
  readonly isChosen: boolean
  readonly onChoose: () => void
}

/** A model in the list: what it is of, how well it does, who made it, who serves it at what price. */
export function ModelCard({ model, isChosen, onChoose }: ModelCardProps) {
  const { id, name, adapter, version, datanet, datanetName, baseName, quality, matches, use, offers } = model
  const nameOf = useNames()
  return (
    <article className="model-card" data-phase="models" aria-label={name}>
      <header>
        <h2>
          <Go to={places.model(id)}>{name}</Go>
        </h2>
        <Checkbox className="model-choose" isSelected={isChosen} onChange={onChoose} aria-label={`Compare ${name}`}>
          <span className="model-box" aria-hidden="true" />
          Compare
        </Checkbox>
      </header>
      <p className="model-from">
        {adapter === null ? (
          'A base model: nobody’s rows were added to it'
        ) : (
          <>
            {datanetName === null ? 'Grown' : <Go to={places.datanet(datanet)}>{datanetName}</Go>}, version {version}
            {baseName === null ? null : <>, on {baseName}</>}
          </>
        )}
      </p>
      {quality === null ? null : <QualityBar quality={quality} matches={matches} />}
      {quality === null ? null : <Owes title="Who made it" parts={makersOf(quality, nameOf)} />}
      <p className="model-facts">
        {use === null ? 'Never asked yet' : manyText(use.answers, 'answer')}
        {use === null || use.returning === 0 ? '' : `, ${manyText(use.returning, 'client')} came back`} ·{' '}
        {offers.length === 0 ? <Chip>nobody serves it</Chip> : `${manyText(offers.length, 'worker')} now`}
        {offeredText(offers) === undefined ? null : <Chip phase="models">{offeredText(offers)}</Chip>}
      </p>
      <footer>
        <span>{priceText(model)}</span>
        <GoButton to={places.chat(id)} aria-label={`Ask ${name}`}>
          Ask
        </GoButton>
      </footer>
    </article>
  )
}
