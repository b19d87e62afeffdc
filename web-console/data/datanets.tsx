import { useState } from 'react'
import type { DatanetView } from '../../daemon/api/contract/views.ts'
import { useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useWord } from '../app/use-place.ts'
import { countText, manyText } from '../formats/index.ts'
import { Amount, Button, Chip, Go, GoButton, Page as Frame, ReadList, Rows, SearchField } from '../parts/index.ts'
import { useSettled } from './use-settled.ts'
import './data.css'

const wordsFor: Record<string, string> = {
  host: 'you host it',
  validator: 'you validate it',
  contributor: 'you contribute',
  builder: 'you build on it',
  worker: 'you work on it',
  choice: 'you follow it'
}

function titleOf(items: readonly DatanetView[] | undefined, hasMore: boolean): string {
  if (items === undefined) return 'Datanets'
  if (items.length === 0) return 'No community keeps a dataset here yet'
  if (items.length === 1 && !hasMore) return `${items[0]?.name ?? 'One Datanet'} is the one Datanet known here`
  // A mix is of communities that are counted already.
  const communities = items.filter(({ parents }) => parents === undefined).length
  return `${countText(communities)}${hasMore ? ' and more' : ''} communities keep datasets here`
}

/** The Datanets that this node knows, to search. */
export function Page() {
  const [search, setSearch] = useWord('search')
  const [tag, setTag] = useWord('tag')
  const [typed, setTyped] = useState(search)
  useSettled(typed, setSearch)
  const datanets = useList('datanets', {
    ...(search === '' ? {} : { search }),
    ...(tag === '' ? {} : { tag })
  })
  const isSearched = search !== '' || tag !== ''
  const tags = [...new Set((datanets.items ?? []).flatMap(net => net.tags))].slice(0, 12)
  return (
    <Frame
      title={isSearched ? 'Datanets that were found' : titleOf(datanets.items, datanets.hasMore)}
      phase="data"
      lead={
        'A Datanet is a dataset with rules: people give rows, validators check them, and whoever’s rows make a ' +
        'model’s answers better is paid for it.'
      }
      actions={
        <>
          <GoButton to={places.review}>Review</GoButton>
          <GoButton look="main" to={places.newDatanet}>
            Create a Datanet
          </GoButton>
        </>
      }
    >
      <div className="find">
        <SearchField label="Search by name, description, licence or tag" value={typed} onChange={setTyped} />
        {tags.length === 0 && tag === '' ? null : (
          <div className="find-tags" role="group" aria-label="Tags">
            {(tag === '' || tags.includes(tag) ? tags : [tag, ...tags]).map(one => (
              <Button
                key={one}
                look={one === tag ? 'main' : 'plain'}
                aria-pressed={one === tag}
                onPress={() => {
                  setTag(one === tag ? '' : one)
                }}
              >
                {one}
              </Button>
            ))}
          </div>
        )}
      </div>
      <ReadList
        from={datanets}
        what="the Datanets"
        empty={
          isSearched
            ? {
                title: 'No Datanet has these words.',
                children: 'Other words may find it, or it is not known here yet.'
              }
            : { title: 'No Datanet is known yet.', children: 'One that was made elsewhere arrives within seconds.' }
        }
      >
        {items => (
          <Rows
            label="Datanets"
            items={items}
            keyOf={({ id }) => id}
            height={112}
            onEnd={() => {
              if (datanets.hasMore && !datanets.isLoadingMore) datanets.more()
            }}
          >
            {net => <DatanetRow net={net} />}
          </Rows>
        )}
      </ReadList>
    </Frame>
  )
}

function DatanetRow({ net }: { readonly net: DatanetView }) {
  const { id, name, description, licence, tags, rows, accepted, contributions, latestVersion, pay, roles, parents } =
    net
  return (
    <div className="net">
      <div className="net-what">
        <p className="net-name" dir="auto">
          <Go to={places.datanet(id)}>{name}</Go>
        </p>
        <p className="net-about" dir="auto">
          {description}
        </p>
        <p className="net-tags">
          {parents === undefined ? null : <Chip phase="data">a mix of {parents.length}</Chip>}
          {net.private === undefined ? null : <Chip>private</Chip>}
          {roles.map(role => (
            <Chip key={role} phase="data">
              {wordsFor[role] ?? role}
            </Chip>
          ))}
          {tags.map(tag => (
            <Chip key={tag}>{tag}</Chip>
          ))}
          <span className="net-licence">{licence}</span>
        </p>
      </div>
      <dl className="net-numbers">
        <div>
          <dt>Size</dt>
          <dd>{rows === null ? manyText(accepted, 'contribution') : manyText(rows, 'row')}</dd>
          <dd className="net-small">
            {countText(accepted)} of {countText(contributions)} accepted, version {latestVersion}
          </dd>
        </div>
        <div data-phase="payouts">
          <dt>Paid for its data</dt>
          <dd>
            <Amount of={pay.deposited} />
          </dd>
          <dd className="net-small">{pay.epoch === 0 ? 'no epoch yet' : `in ${manyText(pay.epoch, 'epoch')}`}</dd>
        </div>
      </dl>
    </div>
  )
}
