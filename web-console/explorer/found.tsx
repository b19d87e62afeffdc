import { placeOf } from '../app/places.ts'
import type { FoundView } from '../../daemon/api/contract/explorer.ts'
import { Chip, Go } from '../parts/index.ts'
import { kindWords } from './words.ts'

/** What a text may mean, each a link to its page. */
export function Found({ items }: { readonly items: readonly FoundView[] }) {
  return (
    <ul className="found" aria-label="What this may mean">
      {items.map(one => {
        const { name, phase } = kindWords[one.kind]
        return (
          <li key={`${one.kind} ${one.id} ${one.number ?? ''}`}>
            <Go to={placeOf(one)} className="found-one">
              <Chip {...(phase === undefined ? {} : { phase })}>{name}</Chip>
              <span className="found-name">
                <bdi>{one.name}</bdi>
              </span>
              <span className="found-about">
                <bdi>{one.about}</bdi>
              </span>
            </Go>
          </li>
        )
      })}
    </ul>
  )
}
