import type { RelativeView } from '../../../daemon/api/contract/bazaar.ts'
import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { shortId } from '../../formats/index.ts'
import { Chip, Go, ReadList, Section } from '../../parts/index.ts'

/** Where it comes from and what was grown from it, as a tree. */
export function Lineage({ model }: { readonly model: string }) {
  const family = useList('lineage', { id: model, limit: 100 })
  return (
    <Section
      title="Where it comes from"
      note="A base model, what was grown from it, and the next model of each line under the one before it."
    >
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
  const { id, name, kind, base, datanet, datanetName, version, retired, served } = relative
  const children = all.filter(({ parent }) => parent === relative.place)
  const isHere = id === model
  return (
    <li className="tree-branch">
      <div className="tree-node" data-here={isHere} data-kind={kind} aria-current={isHere ? 'true' : undefined}>
        {id === null ? <Go to={places.find(base)}>{shortId(name)}</Go> : <Go to={places.model(id)}>{name}</Go>}
        <span className="tree-note">
          {kind === 'base' ? 'base' : `version ${version}`}
          {datanet === null || datanetName === null ? null : (
            <>
              {' '}
              of <Go to={places.datanet(datanet)}>{datanetName}</Go>
            </>
          )}
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
