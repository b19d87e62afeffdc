import type { DatanetView } from '../../daemon/api/contract/views.ts'
import { emptiedHelp, emptiedInWords, isEmptied } from '../../protocol/data/removal.ts'
import { useAct, useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter, useWord } from '../app/use-place.ts'
import { countText, manyText } from '../formats/index.ts'
import {
  Amount,
  Button,
  Chip,
  Facts,
  Failure,
  GoButton,
  Id,
  Page as Frame,
  Read,
  Section,
  Tabs,
  When,
  Who
} from '../parts/index.ts'
import { Contributions } from './datanet/contributions.tsx'
import { Grown } from './datanet/grown.tsx'
import { KeysGiven } from './datanet/keys-given.tsx'
import { Ranks } from './datanet/ranks.tsx'
import { RowBrowser } from './datanet/row-browser.tsx'
import { Questions } from './datanet/questions.tsx'
import { WriteQuestions } from './datanet/write-questions.tsx'
import { Terms } from './datanet/terms.tsx'
import { Validators } from './datanet/validators.tsx'
import { Versions } from './datanet/versions.tsx'
import { RuleList } from './rules/rule-list.tsx'
import './data.css'

/** One Datanet: what it is for, what it holds, who gave it, what it pays. */
export function Page() {
  const datanet = useCall('datanet', { id: useParameter('id') })
  return (
    <Read from={datanet} what="the Datanet">
      {net => <Datanet net={net} />}
    </Read>
  )
}

function titleOf({ name, rows, accepted, left, pay }: DatanetView): string {
  if (accepted === 0 && (left ?? 0) > 0) return `${name} holds nothing any more`
  if (accepted === 0) return `${name} waits for its first rows`
  const held = rows === null ? manyText(accepted, 'contribution') : manyText(rows, 'row')
  return BigInt(pay.deposited) > 0n ? `${name} holds ${held}, and they are being paid for` : `${name} holds ${held}`
}

function Datanet({ net }: { readonly net: DatanetView }) {
  const [view, setView] = useWord('view')
  const {
    id,
    description,
    tags,
    roles,
    host,
    createdAt,
    latestVersion,
    pay,
    accepted,
    left,
    contributions,
    licence,
    parents
  } = net
  const isFollowed = roles.length > 0
  return (
    <Frame
      title={titleOf(net)}
      lead={<span dir="auto">{description === '' ? 'Its host has not said what it is for.' : description}</span>}
      phase="data"
      actions={
        <>
          <Follow net={net} />
          {roles.includes('validator') ? <GoButton to={places.review}>Review</GoButton> : null}
          {parents !== undefined ? null : (
            <GoButton look="main" to={places.contribute(id)}>
              Contribute
            </GoButton>
          )}
        </>
      }
    >
      {tags.length === 0 && net.private === undefined ? null : (
        <p className="net-tags">
          {net.private === undefined ? null : <Chip>private: only validators and awarded workers read its rows</Chip>}
          {tags.map(tag => (
            <Chip key={tag} phase="data">
              {tag}
            </Chip>
          ))}
        </p>
      )}
      <div className="net-facts">
        <Facts
          facts={[
            [
              'Paid for its data',
              <span key="pay">
                <Amount of={pay.deposited} />
                {pay.epoch === 0 ? null : <span className="net-small"> in {manyText(pay.epoch, 'epoch')}</span>}
              </span>
            ],
            ...(parents === undefined
              ? []
              : [
                  [
                    'Made of',
                    <span key="parents" className="net-parents">
                      {parents.map(parent => (
                        <Parent key={parent} id={parent} />
                      ))}
                    </span>
                  ] as const
                ]),
            ['Accepted', `${countText(accepted)} of ${manyText(contributions, 'contribution')}`],
            ...((left ?? 0) === 0
              ? []
              : [['Left again', `${manyText(left ?? 0, 'contribution')}, withdrawn or taken down`] as const]),
            ['Version', latestVersion === 0 ? 'none yet' : `${latestVersion}, on chain`],
            ['Host', <Who key="host" account={host} />],
            ['Licence', licence],
            ['Created', <When key="at" at={createdAt} />],
            ['Datanet', <Id key="id" id={id} to={places.datanet(id)} />]
          ]}
        />
      </div>
      {isEmptied(net) ? (
        <p>
          It is empty: {emptiedInWords(latestVersion)}. {emptiedHelp}
        </p>
      ) : null}
      <Tabs
        label={`What there is to see of ${net.name}`}
        selected={view}
        onSelect={setView}
        views={[
          {
            key: 'about',
            name: parents === undefined ? 'What it takes' : 'What it is',
            content: (
              <>
                <Section title="The rules">
                  <RuleList of={net} />
                </Section>
                <Questions net={net} />
                {parents === undefined ? <WriteQuestions net={net} /> : null}
                <Terms net={net} />
                <Validators net={net} />
                <Versions id={id} />
                {net.private !== undefined && roles.some(role => role === 'host' || role === 'validator') ? (
                  <KeysGiven id={id} />
                ) : null}
              </>
            )
          },
          { key: 'rows', name: 'Rows', content: <RowBrowser net={net} /> },
          { key: 'people', name: 'Who gave it', content: <Ranks net={net} /> },
          {
            key: 'contributions',
            name: 'Contributions',
            content: isFollowed ? (
              <Contributions id={id} />
            ) : (
              <p>This node does not follow it, so it keeps none of its contributions. Follow it to see them.</p>
            )
          },
          { key: 'models', name: 'Models grown from it', content: <Grown id={id} /> }
        ]}
      />
    </Frame>
  )
}

/** One of those that a mix is made of. */
function Parent({ id }: { readonly id: string }) {
  const { data } = useCall('datanet', { id })
  return <Id id={id} to={places.datanet(id)} {...(data === undefined ? {} : { name: data.name })} />
}

/** Follows a Datanet by choice, or not any more. */
function Follow({ net: { id, roles } }: { readonly net: DatanetView }) {
  const follow = useAct('followDatanet', ['datanet', 'datanets', 'contributions', 'acceptedRows'])
  const isChosen = roles.includes('choice')
  if (roles.length > 0 && !isChosen) return null
  return (
    <>
      <Button
        isDisabled={follow.isPending}
        onPress={() => {
          follow.mutate({ params: { id }, body: { follow: !isChosen } })
        }}
      >
        {isChosen ? 'Stop following' : 'Follow'}
      </Button>
      {follow.error === null ? null : <Failure error={follow.error} />}
    </>
  )
}
