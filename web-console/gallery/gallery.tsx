import { useState } from 'react'
import { InvalidError } from '../../protocol/primitives/errors.ts'
import { phases, titleOf } from '../../protocol/flow.ts'
import {
  Amount,
  Button,
  Card,
  Chip,
  Confirm,
  Empty,
  Facts,
  Failure,
  Id,
  Loading,
  LongField,
  Notice,
  Owes,
  Page as Frame,
  Progress,
  SearchField,
  Section,
  Select,
  Switch,
  Table,
  TextField,
  When
} from '../parts/index.ts'
import { Series } from '../parts/series.tsx'
import { DataStates } from './data.tsx'
import { FlowStates, GraphStates } from './flow.tsx'
import { JobStates } from './jobs.tsx'
import { ModelStates } from './models.tsx'
import './gallery.css'

const id = `0x${'5a'.repeat(32)}`
const parts = [
  { key: 'noor', name: 'noor', text: 'noor', share: 0.71 },
  { key: 'ines', name: 'ines', text: 'ines', share: 0.19 },
  { key: 'rest', name: 'held-out values', text: 'held-out values', share: 0.1, isRest: true }
]
const steps = Array.from({ length: 120 }, (_, step) => step)
const falling = steps.map(step => 4.2 * Math.exp(-step / 30) + 0.3)
const refused = new InvalidError('request.invalid', 'the budget is less than the job may cost', {
  help: 'Give 0.21 TILTH or more, or take fewer steps.'
})

function Fields() {
  const [text, setText] = useState('elements')
  const [chosen, setChosen] = useState<'quick' | 'thorough'>('quick')
  const [isOn, setOn] = useState(true)
  return (
    <div className="gallery-grid">
      <TextField label="Name" note="What people will call it." value={text} onChange={setText} />
      <TextField label="Budget" value="abc" onChange={setText} fault="A budget is a number of TILTH, such as 0.2." />
      <TextField label="Fixed" value="cannot be changed" onChange={setText} isDisabled />
      <LongField label="Purpose" value={text} onChange={setText} />
      <SearchField label="Search rows" value="" onChange={setText} />
      <Select
        label="How thorough"
        value={chosen}
        onChange={setChosen}
        options={[
          { value: 'quick', name: 'Quick', note: 'A minute, and good enough to see' },
          { value: 'thorough', name: 'Thorough', note: 'As long as it still learns' }
        ]}
      />
      <Switch isOn={isOn} onChange={setOn}>
        Serve it as well
      </Switch>
      <Switch isOn={false} onChange={setOn} isDisabled>
        Not here
      </Switch>
    </div>
  )
}

function Buttons() {
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      {phases.map(phase => (
        <div key={phase} data-phase={phase} className="gallery-line">
          <Chip phase={phase}>{titleOf(phase)}</Chip>
          <Button look="main">Main</Button>
          <Button>Plain</Button>
          <Button look="quiet">Quiet</Button>
          <Button look="main" isDisabled>
            Waits
          </Button>
        </div>
      ))}
      <div className="gallery-line">
        <Chip>none</Chip>
        <Chip phase="wrong">Refused</Chip>
        <Button look="main">Main</Button>
        <Button
          look="wrong"
          onPress={() => {
            setAsking(true)
          }}
        >
          Cancel the job
        </Button>
      </div>
      <Confirm
        title="Cancel this job?"
        isOpen={isAsking}
        close={() => {
          setAsking(false)
        }}
        act="Cancel it"
        onAct={() => {
          setAsking(false)
        }}
        look="wrong"
      >
        <p>What was accepted is paid, the rest comes back.</p>
      </Confirm>
    </>
  )
}

/** Every shared part in each of its states: in development builds only. */
export function Page() {
  const [selected, setSelected] = useState<string>()
  return (
    <Frame title="Every part, in every state" lead="For whoever works on the console: look here after a change.">
      <Section title="Buttons and chips">
        <Buttons />
      </Section>
      <Section title="Fields">
        <Fields />
      </Section>
      <Section title="Names of things">
        <Facts
          facts={[
            ['Amount', <Amount key="a" of="214000000000000" />],
            ['Id', <Id key="i" id={id} />],
            ['Named', <Id key="n" id={id} name="noor" />],
            ['Time', <When key="w" at={Date.now() - 180_000} />],
            ['Right to left', <bdi key="r">عناصر الجدول الدوري</bdi>],
            ['Long', 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen'.repeat(2)]
          ]}
        />
      </Section>
      <Section title="Credit">
        <Card>
          <Owes
            title="Who made this answer"
            note="0.0021 TILTH, 14 tokens"
            parts={parts}
            selected={selected}
            onSelect={setSelected}
          />
        </Card>
        <Owes title="Nobody's yet" parts={[{ key: 'rest', name: 'base', text: 'base', share: 1, isRest: true }]} />
      </Section>
      <Section title="Progress and series">
        <div data-phase="jobs">
          <Progress label="Training, step 171 of 270" share={0.63} />
        </div>
        <Series
          label="Loss falls from 4.5 to 0.4 in 120 steps"
          xs={steps}
          lines={[
            { name: 'training loss', colour: 'jobs', values: falling },
            {
              name: 'held-out loss',
              colour: 'models',
              values: falling.map((loss, at) => (at % 10 ? null : loss + 0.2))
            }
          ]}
        />
      </Section>
      <Section title="States">
        <div className="gallery-grid">
          <Loading what="the rows" />
          <Empty title="Nobody has contributed yet.">
            <Button>Give the first file</Button>
          </Empty>
          <Failure error={refused} again={() => undefined} />
          <Notice title="What is shown is a worker's word until scorers have weighed it." />
        </div>
      </Section>
      <Section title="The flow">
        <FlowStates />
      </Section>
      <Section title="The network">
        <GraphStates />
      </Section>
      <Section title="Table">
        <Table
          label="Parts"
          items={parts}
          keyOf={({ key }) => key}
          columns={[
            { name: 'Who', cell: ({ name }) => name },
            { name: 'Share', number: true, cell: ({ share }) => share }
          ]}
        />
      </Section>
      <DataStates />
      <JobStates />
      <ModelStates />
    </Frame>
  )
}
