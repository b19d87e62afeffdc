import { useEffect, useMemo, useState } from 'react'
import type { AcceptedRowView } from '../../../daemon/api/contract/data-views.ts'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { privateInWords } from '../../../protocol/data/explain.ts'
import { useCall, useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useWord } from '../../app/use-place.ts'
import { countText, manyText } from '../../formats/index.ts'
import { Empty, Failure, Go, Loading, Rows, SearchField, Select, Who } from '../../parts/index.ts'
import { RowText } from '../row/index.ts'
import { useSettled } from '../use-settled.ts'
import './datanet.css'

/** Rows of one call while they are scrolled through. */
const pageRows = 100
/** Found rows that are waited for before the reader has to ask for more. */
const enoughFound = 50
const rowHeight = 76

/** Accepted rows to scroll through and to search, of a version or of all that was accepted so far. */
export function RowBrowser({ net }: { readonly net: DatanetView }) {
  const [search, setSearch] = useWord('search')
  const [wanted, setWanted] = useWord('version')
  const [typed, setTyped] = useState(search)
  useSettled(typed, setSearch)
  const version = wanted === '' ? net.latestVersion : Number(wanted)
  const options = [
    ...(net.roles.length === 0 ? [] : [{ value: '0', name: 'Everything accepted so far' }]),
    ...Array.from({ length: Math.min(net.latestVersion, 50) }, (_, at) => ({
      value: String(net.latestVersion - at),
      name: `Version ${net.latestVersion - at}`
    }))
  ]
  if (net.private !== undefined && !net.roles.some(role => role === 'host' || role === 'validator'))
    return <Empty title="Its rows are private.">{privateInWords}</Empty>
  if (options.length === 0) return <Empty title="No version is on chain yet, and this node does not follow it." />
  return (
    <div>
      <div className="row-find">
        <SearchField label="Search in the rows" value={typed} onChange={setTyped} />
        <Select label="Rows of" options={options} value={String(version)} onChange={setWanted} />
      </div>
      {search === '' && version > 0 ? (
        <Numbered key={version} id={net.id} version={version} />
      ) : (
        <Found key={`${version} ${search}`} id={net.id} version={version} search={search} />
      )}
    </div>
  )
}

function AcceptedRow({ row, number }: { readonly row: AcceptedRowView; readonly number: number }) {
  return (
    <div className="accepted">
      <span className="line-number">{countText(number)}</span>
      <RowText messages={row.messages} />
      <span className="accepted-by">
        <Who account={row.contributor} />
        <Go to={places.contribution(row.contribution)}>line {countText(row.line)}</Go>
      </span>
    </div>
  )
}

/** The row with this number: its page is read when it comes into sight. */
function NumberedRow({ id, version, at }: { readonly id: string; readonly version: number; readonly at: number }) {
  const from = Math.floor(at / pageRows) * pageRows
  const page = useCall('acceptedRows', { id, version, from, limit: pageRows })
  const row = page.data?.items[at - from]
  if (row !== undefined) return <AcceptedRow row={row} number={at + 1} />
  return (
    <div className="accepted accepted-waiting" aria-busy="true">
      <span className="line-number">{countText(at + 1)}</span>
      <span className="loading-line" />
    </div>
  )
}

/** All rows of a version, however many: any of them is reached by scrolling. */
function Numbered({ id, version }: { readonly id: string; readonly version: number }) {
  const first = useCall('acceptedRows', { id, version, from: 0, limit: pageRows })
  const total = first.data?.total ?? 0
  const numbers = useMemo(() => Array.from({ length: total }, (_, at) => at), [total])
  if (first.error !== null) return <Failure error={first.error} again={() => void first.refetch()} />
  if (first.data === undefined) return <Loading what="the rows" lines={6} />
  if (total === 0) return <Empty title="This version has no rows." />
  return (
    <>
      <p className="net-small">{manyText(total, 'row')}, in the order of authorship.</p>
      <Rows label="Accepted rows" items={numbers} keyOf={at => String(at)} height={rowHeight}>
        {at => <NumberedRow id={id} version={version} at={at} />}
      </Rows>
    </>
  )
}

/** What a search has found so far; it goes on by itself until there is something to see. */
function Found({ id, version, search }: { readonly id: string; readonly version: number; readonly search: string }) {
  const rows = useList('acceptedRows', { id, version, ...(search === '' ? {} : { search }) })
  const { items, hasMore, isLoadingMore, more } = rows
  const found = items?.length ?? 0
  useEffect(() => {
    if (items !== undefined && found < enoughFound && hasMore && !isLoadingMore) more()
  }, [items, found, hasMore, isLoadingMore, more])
  if (rows.error !== null) return <Failure error={rows.error} again={rows.again} />
  if (items === undefined) return <Loading what="the rows" lines={6} />
  if (found === 0)
    return hasMore ? (
      <Loading what="more of the rows" />
    ) : (
      <Empty title={search === '' ? 'Nothing was accepted yet.' : 'No row has all of these words.'} />
    )
  return (
    <>
      <p className="net-small" role="status">
        {manyText(found, 'row')}
        {hasMore ? ' so far; more are read as you scroll.' : '.'}
      </p>
      <Rows
        label="Rows that were found"
        items={items}
        keyOf={({ contribution, row }) => `${contribution} ${row}`}
        height={rowHeight}
        onEnd={() => {
          if (hasMore && !isLoadingMore) more()
        }}
      >
        {(row, at) => <AcceptedRow row={row} number={at + 1} />}
      </Rows>
    </>
  )
}
