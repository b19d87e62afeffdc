import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { numberText } from '../formats/index.ts'
import './series.css'

export interface Line {
  readonly name: string
  /** A colour of the theme: `data`, `jobs`, `models`, `payouts`, `soft`. */
  readonly colour: 'data' | 'jobs' | 'models' | 'payouts' | 'soft'
  /** One for each x; null where there is none. */
  readonly values: readonly (number | null)[]
}

interface SeriesProps {
  /** What the chart shows, in a sentence, for who cannot see it. */
  readonly label: string
  readonly xs: readonly number[]
  readonly lines: readonly Line[]
  /** Whether xs are seconds since 1970. */
  readonly times?: boolean
  /** What an x is, for the legend: "step". */
  readonly xName?: string
  readonly height?: number
}

const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)

/** Steps are counted, never halved. */
const whole = Array.from({ length: 7 }, (_, tens) => [1, 2, 5].map(one => one * 10 ** tens)).flat()
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const seconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
/** A moment as finely as its neighbours on the axis are apart, in seconds. */
const momentText = (at: number, apart: number): string =>
  (apart < 60 ? seconds : apart < 86_400 ? clock : day).format(at * 1000)
const xText = (x: number | undefined, times: boolean): string =>
  x === undefined ? '–' : times ? `${day.format(x * 1000)}, ${clock.format(x * 1000)}` : numberText(x, 6)
const lastOf = (values: ArrayLike<number | null | undefined>): number | null =>
  Array.from(values).findLast(one => typeof one === 'number') ?? null
const lastText = (value: number | null): string => (value === null ? '–' : numberText(value))

/** Draws with the page's colours as they are now: a canvas does not follow the theme by itself. */
function optionsFor({ lines, times = false, height = 220, xName = 'at' }: SeriesProps, width: number): uPlot.Options {
  const probe = document.createElement('span')
  // Where motion is reduced everything changes in a blink, and what is read at once is the colour before.
  probe.style.transitionProperty = 'none'
  document.body.append(probe)
  const paint = (name: string): string => {
    probe.style.color = colourOf(name)
    return getComputedStyle(probe).color
  }
  const axis = {
    stroke: paint('faint'),
    grid: { stroke: paint('line'), width: 1 },
    ticks: { show: false },
    font: '12px "Source Sans 3 Variable"'
  }
  const options: uPlot.Options = {
    width,
    height,
    scales: { x: { time: times } },
    // Three digits that count: a learning rate of 0.0005 is not 0.001.
    axes: [
      times
        ? { ...axis, values: (_, splits, __, ___, step) => splits.map(at => momentText(at, step)) }
        : { ...axis, incrs: whole },
      { ...axis, size: 56, values: (_, splits) => splits.map(value => numberText(value)) }
    ],
    cursor: { points: { size: 6 } },
    legend: { live: true },
    series: [
      { label: xName, value: (plot, x) => xText(x ?? plot.data[0].at(-1), times) },
      ...lines.map(({ name, colour }) => ({
        label: name,
        stroke: paint(colour),
        width: 2,
        spanGaps: true,
        points: { show: false },
        // Where nothing is pointed at, the last that is known.
        value: (plot: uPlot, value: number | null, line: number, at: number | null) =>
          lastText(at === null ? lastOf(plot.data[line] ?? []) : value)
      }))
    ]
  }
  probe.remove()
  return options
}

/** Lines over time or steps. */
export function Series(props: SeriesProps) {
  const { label, xs, lines } = props
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | undefined>(undefined)
  const data = [xs, ...lines.map(({ values }) => values)] as uPlot.AlignedData
  const shape = JSON.stringify([lines.map(({ name, colour }) => [name, colour]), props.times, props.height])

  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const draw = (): void => {
      chart.current?.destroy()
      chart.current = new uPlot(optionsFor(props, element.clientWidth), data, element)
    }
    draw()
    const size = new ResizeObserver(() => {
      chart.current?.setSize({ width: element.clientWidth, height: props.height ?? 220 })
    })
    size.observe(element)
    const theme = new MutationObserver(draw)
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const system = matchMedia('(prefers-color-scheme: dark)')
    system.addEventListener('change', draw)
    return () => {
      size.disconnect()
      theme.disconnect()
      system.removeEventListener('change', draw)
      chart.current?.destroy()
      chart.current = undefined
    }
  }, [shape])
  useEffect(() => {
    chart.current?.setData(data)
  }, [data])
  return <div ref={box} className="series" role="img" aria-label={label} />
}
