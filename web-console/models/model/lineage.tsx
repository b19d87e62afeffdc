import type { RelativeView } from '../../../daemon/api/contract/bazaar.ts'
import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { shareText, shortId } from '../../formats/index.ts'
import { Chip, Go, ReadList, Section } from '../../parts/index.ts'

const note =
  'A base model, what was grown from it, bases that were made of that, and the next model of each line under the one ' +
  'before it.'

/** Where it comes from and what was grown from it, as a tree. */
export function Lineage({ model }: { readonly model: string }) {
  const family = useList('lineage', { id: model, limit: 100 })
  return (
    <Section title="Where it comes from" note={note}>
      <ReadList from={family} what="its family" empty={{ title: 'Its family is not known here.' }}>
        {items => (
          <ul className="tree">
            {items
              .filter(({ parent }) => parent === null)
              .map(root => (
                <Branch key={root.place} relative={root} all={items} model={model} />
              ))}
          </ul>
        )}
      </ReadList>
    </Section>
  )
}

interface BranchProps {
  readonly relative: RelativeView
  readonly all: readonly RelativeView[]
  readonly model: string
}

function Branch({ relative, all, model }: BranchProps) {
  const { id, name, kind, base, datanet, datanetName, version, upstreamShare, retired, served } = relative
  const children = all.filter(({ parent }) => parent === relative.place)
  const isHere = id === model
  return (
    <li className="tree-branch">
      <div className="tree-node" data-here={isHere} data-kind={kind} aria-current={isHere ? 'true' : undefined}>
        {id === null ? <Go to={places.find(base)}>{shortId(name)}</Go> : <Go to={places.model(id)}>{name}</Go>}
        <span className="tree-note">
          {kind === 'base'
            ? relative.parent === null
              ? 'base'
              : relative.base === all.find(({ place }) => place === relative.parent)?.base
                ? 'registered again'
                : 'a base made of it, its builder says'
            : `version ${version}`}
          {datanet === null || datanetName === null ? null : (
            <>
              {' '}
              of <Go to={places.datanet(datanet)}>{datanetName}</Go>
            </>
          )}
          {upstreamShare > 0 ? `, passes ${shareText(upstreamShare / 10_000)} up` : ''}
        </span>
        {retired ? <Chip>retired</Chip> : served ? <Chip phase="models">served</Chip> : null}
      </div>
      {children.length === 0 ? null : (
        <ul className="tree">
          {children.map(child => (
            <Branch key={child.place} relative={child} all={all} model={model} />
          ))}
        </ul>
      )}
    </li>
  )
}
