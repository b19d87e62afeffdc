import type { ReactNode } from 'react'
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from 'react-aria-components'
import './tabs.css'

export interface View {
  readonly key: string
  readonly name: ReactNode
  readonly content: ReactNode
}

interface TabsProps {
  readonly label: string
  readonly views: readonly View[]
  /** The one that is shown; the first where none has this key. */
  readonly selected: string
  readonly onSelect: (key: string) => void
}

/** Views of one thing, of which one is shown. */
export function Tabs({ label, views, selected, onSelect }: TabsProps) {
  const shown = views.some(({ key }) => key === selected) ? selected : (views[0]?.key ?? '')
  return (
    <AriaTabs
      className="tabs"
      selectedKey={shown}
      onSelectionChange={key => {
        onSelect(String(key))
      }}
    >
      <TabList aria-label={label} className="tabs-list">
        {views.map(({ key, name }) => (
          <Tab key={key} id={key} className="tab">
            {name}
          </Tab>
        ))}
      </TabList>
      {views.map(({ key, content }) => (
        <TabPanel key={key} id={key} className="tab-panel">
          {content}
        </TabPanel>
      ))}
    </AriaTabs>
  )
}
