import { Command, InvalidArgumentError, Option } from 'commander'
import { cpus } from 'node:os'
import { InvalidError } from '../../protocol/primitives/index.ts'
import {
  bench,
  benchParts,
  benchShapes,
  generateFrom,
  inspectModel,
  mergeAdapter,
  readExamples,
  readRows,
  readTrainRows,
  rowGradients,
  scoreIds,
  tuneDefaults,
  tuneExamples,
  tuneRows,
  precisions,
  providerRequests,
  resolveRuntime,
  surveyProviders,
  type Precision,
  type ProviderRequest,
  type Quantization,
  type TrainProgress,
  type TrainSettings
} from '../../node/engine/index.ts'
import { command, guarded } from './command.ts'
import { table } from './output.ts'

/** `tilth engine …`: models and adapters on this machine alone, with no network and no daemon. */

interface Runtime {
  threads: string
  provider: ProviderRequest
  precision?: Precision
}
interface Shared extends Runtime {
  model: string
  adapter?: string
  quantize?: Quantization
  json?: boolean
}

const number =
  (name: string) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value))
      throw new InvalidArgumentError(`--${name} takes a number, not ${text}`)
    return value
  }
const whole =
  (name: string) =>
  (text: string): number => {
    const value = number(name)(text)
    if (!Number.isInteger(value) || value < 0)
      throw new InvalidArgumentError(`--${name} takes a whole number, not ${text}`)
    return value
  }
const truth =
  (name: string) =>
  (text: string): boolean => {
    if (text !== 'true' && text !== 'false')
      throw new InvalidArgumentError(`--${name} takes true or false, not ${text}`)
    return text === 'true'
  }

const runtime = (flags: Runtime) =>
  resolveRuntime({ threads: whole('threads')(flags.threads), provider: flags.provider, precision: flags.precision })
/** Where gradients matter, float16 is used only when it is asked for. */
const exactRuntime = (flags: Runtime) => runtime({ ...flags, precision: flags.precision ?? 'f32' })
const print = (value: unknown): void => console.log(JSON.stringify(value))

/** Options that say where to compute. */
function placed(cmd: Command): Command {
  return cmd
    .addOption(
      new Option('--provider <name>', 'where to compute; auto takes a GPU if one can be used')
        .choices([...providerRequests])
        .default('auto')
    )
    .addOption(
      new Option('--precision <kind>', 'of products with frozen weights; f16 on GPUs only').choices([...precisions])
    )
}

/** The same, and on how many threads. */
function computing(cmd: Command): Command {
  return placed(cmd.option('--threads <n>', 'threads of one operation', String(Math.min(2, cpus().length))))
}

function shared(cmd: Command, quantizations = ['none', 'nf4', 'nf4-double', 'int4']): Command {
  return computing(
    cmd
      .requiredOption('--model <dir>', 'Hugging Face folder of the model')
      .option('--adapter <dir>', 'PEFT folder of an adapter')
      .addOption(new Option('--quantize <kind>', 'weights in memory').choices(quantizations).default('none'))
  )
}

const mega = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`

function inspectCommand(): Command {
  return command({
    name: 'inspect',
    summary: 'what a model folder holds, and what it takes to serve and tune it',
    examples: ['tilth engine inspect --model models/seedling']
  })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model')
    .action(
      guarded(async (flags: { model: string; json?: boolean }) => {
        const found = inspectModel(flags.model)
        const survey = await surveyProviders()
        if (flags.json === true)
          return print({
            ...found,
            machine: { ...found.machine, gpus: survey.gpus, provider: survey.chosen, findings: survey.findings }
          })
        const { config: c, memory: m } = found
        console.log(
          `${found.architecture}, ${found.parameters.toLocaleString('en')} parameters stored as ${found.storedAs}`
        )
        console.log(
          `${c.layers} layers of ${c.hidden}, ${c.heads} heads (${c.keyHeads} for keys), vocabulary ${c.vocabulary}, context ${c.context}\n`
        )
        const methods = [
          ['serve', 'serve'],
          ['serve in 4 bits', 'serveInt4'],
          ['tune by LoRA', 'tuneLora'],
          ['tune by QLoRA', 'tuneQlora'],
          ['train in full', 'tuneFull']
        ] as const
        console.log(
          table(
            ['to', 'memory, about', 'here'],
            methods.map(([name, key]) => [name, mega(m[key]), found.fits[key] ? 'fits' : 'too large']),
            [1]
          )
        )
        console.log(
          `\nThis machine: ${found.machine.cores} cores, ${mega(found.machine.memory)}; computes on ${survey.chosen}`
        )
        for (const { provider, usable, reason, help } of survey.findings)
          console.log(
            `  ${provider.padEnd(7)} ${usable ? '' : 'not usable: '}${reason}${help === undefined ? '' : `\n          ${help}`}`
          )
      })
    )
}

function scoreCommand(): Command {
  return shared(
    command({
      name: 'score',
      summary: 'logits of the last position, and losses where labels are given',
      examples: ['tilth engine score --model models/seedling --input rows.json --json']
    })
  )
    .requiredOption('--input <file>', '{"ids": [[…]], "labels": [[…]]?}')
    .action(
      guarded(async (flags: Shared & { input: string }) => {
        const { ids, labels } = readExamples(flags.input)
        const result = await scoreIds({ ...flags, ids, labels, runtime: await runtime(flags) })
        if (flags.json === true) return print(result)
        console.log(
          table(
            ['row', 'tokens', 'likeliest next', 'loss'],
            ids.map((row, i) => {
              const last = result.logitsLast[i] ?? []
              return [
                String(i),
                String(row.length),
                String(last.indexOf(Math.max(...last))),
                result.loss?.[i]?.toFixed(4) ?? ''
              ]
            }),
            [0, 1, 2, 3]
          )
        )
      })
    )
}

function generateCommand(): Command {
  return shared(
    command({
      name: 'generate',
      summary: 'continue a text or a list of token ids',
      examples: ['tilth engine generate --model models/seedling --prompt "A heron is" --max-tokens 40']
    })
  )
    .option('--prompt <text>', 'raw text, no chat template')
    .option('--ids <file>', '{"ids": [[…]]}; the first row is the prompt')
    .requiredOption('--max-tokens <n>', 'longest answer', whole('max-tokens'))
    .option('--greedy', 'always the likeliest token')
    .option('--ignore-end', 'go on past the end token')
    .option('--temperature <x>', '0 is greedy', number('temperature'), 0.8)
    .option('--top-k <n>', 'only the k likeliest tokens', whole('top-k'))
    .option('--top-p <x>', 'only the likeliest tokens that make up this probability', number('top-p'))
    .option('--min-p <x>', 'only tokens this likely, relative to the likeliest', number('min-p'))
    .option('--repetition-penalty <x>', 'above 1: away from tokens that occurred', number('repetition-penalty'))
    .option('--stop <text…>', 'end before this text')
    .option('--seed <n>', 'the same seed gives the same answer', whole('seed'), 0)
    .option(
      '--logprobs <n>',
      "with --json: each token's log-probability, and the n likeliest tokens'",
      whole('logprobs')
    )
    .action(
      guarded(
        async (
          flags: Shared & {
            prompt?: string
            ids?: string
            maxTokens: number
            greedy?: boolean
            ignoreEnd?: boolean
            temperature: number
            topK?: number
            topP?: number
            minP?: number
            repetitionPenalty?: number
            stop?: string[]
            seed: number
            logprobs?: number
          }
        ) => {
          const prompt = flags.prompt ?? (flags.ids === undefined ? undefined : readExamples(flags.ids).ids[0])
          if (prompt === undefined) throw new InvalidError('flag-missing', 'give --prompt TEXT or --ids FILE')
          const { maxTokens, topK, topP, minP, repetitionPenalty, stop, seed, logprobs } = flags
          const settings = {
            maxTokens,
            temperature: flags.greedy === true ? 0 : flags.temperature,
            topK,
            topP,
            minP,
            repetitionPenalty,
            stop,
            seed,
            logprobs
          }
          const live = flags.json !== true
          const result = await generateFrom({
            ...flags,
            prompt,
            settings: JSON.parse(JSON.stringify(settings)) as typeof settings,
            runtime: await runtime(flags),
            ...(live ? { onText: (text: string) => process.stdout.write(text) } : {})
          })
          if (live) console.log(result.text === '' ? result.tokens.join(' ') : '')
          else print(result)
        }
      )
    )
}

function gradientsCommand(): Command {
  return shared(
    command({
      name: 'gradients',
      summary: "each example's loss, and the dot products of the examples' gradients over the adapter",
      examples: [
        'tilth engine gradients --model models/seedling --adapter adapters/elements --examples rows.json --json'
      ]
    }),
    ['none', 'nf4', 'nf4-double']
  )
    .requiredOption('--examples <file>', '{"ids": [[…]], "labels": [[…]]}')
    .action(
      guarded(async (flags: Shared & { examples: string }) => {
        if (flags.adapter === undefined)
          throw new InvalidError('flag-missing', 'gradients are taken over an adapter: give --adapter DIR')
        const result = await rowGradients({
          ...flags,
          adapter: flags.adapter,
          rows: readTrainRows(flags.examples),
          runtime: await exactRuntime(flags)
        })
        if (flags.json === true) return print(result)
        console.log(
          table(
            ['row', 'loss', 'gradient norm'],
            result.loss.map((loss, i) => [
              String(i),
              loss.toFixed(4),
              Math.sqrt(result.gradDot[i]?.[i] ?? 0).toExponential(3)
            ]),
            [0, 1, 2]
          )
        )
      })
    )
}

interface TuneFlags extends Shared {
  data?: string
  examples?: string
  output: string
  method?: 'lora' | 'qlora'
  doubleQuantization?: boolean
  epochs: number
  steps?: number
  batch: number
  accumulation?: number
  lr: number
  schedule: TrainSettings['schedule']
  warmup: number
  weightDecay: number
  beta1: number
  beta2: number
  eps: number
  clip?: number
  ema: number
  seed: number
  dropout: number
  cutoff: number
  rank: number
  alpha: number
  targets: string
  rslora?: boolean
  wholeText?: boolean
  checkpointing?: boolean
  shuffle: boolean
  checkpoint?: string
  evalShare?: number
  evalData?: string
  evalEvery: number
  patience: number
}

/**
 * `--quantize` says the same as `--method` and `--double-quantization`; where they contradict each other nobody knows
 * what was meant.
 */
function methodOf({
  method,
  quantize = 'none',
  doubleQuantization
}: TuneFlags): Pick<TrainSettings, 'method' | 'doubleQuantization'> {
  const quantized = quantize !== 'none'
  if (method === 'lora' && (quantized || doubleQuantization === true))
    throw new InvalidError(
      'flag-invalid',
      '--method lora trains over a base that is not quantised; leave the method out, or take qlora'
    )
  const double = quantize === 'nf4-double' || doubleQuantization === true
  return method === 'qlora' || quantized || double
    ? { method: 'qlora', doubleQuantization: double }
    : { method: 'lora' }
}

/** Examples are trained on exactly as the flags say: nothing is accumulated or clipped unless it is asked for. */
function trainSettings(flags: TuneFlags): TrainSettings {
  const exact = flags.examples !== undefined
  const { epochs, steps, batch, lr, schedule, weightDecay, seed, cutoff, ema, shuffle, beta1, beta2, checkpointing } =
    flags
  const held = flags.evalShare !== undefined || flags.evalData !== undefined
  return {
    ...methodOf(flags),
    epochs,
    batch,
    lr,
    schedule,
    weightDecay,
    seed,
    cutoff,
    ema,
    shuffle,
    beta1,
    beta2,
    epsilon: flags.eps,
    lora: {
      rank: flags.rank,
      alpha: flags.alpha,
      targets: flags.targets.split(','),
      dropout: flags.dropout,
      rslora: flags.rslora === true
    },
    accumulation: flags.accumulation ?? (exact ? 1 : tuneDefaults.accumulation),
    clip: flags.clip ?? (exact ? 0 : tuneDefaults.clip),
    warmupRatio: flags.warmup,
    responseOnly: flags.wholeText !== true,
    ...(steps === undefined ? {} : { steps }),
    ...(checkpointing === undefined ? {} : { checkpointing }),
    ...(held
      ? {
          evaluation: {
            everySteps: flags.evalEvery,
            patience: flags.patience,
            ...(flags.evalShare === undefined ? {} : { share: flags.evalShare }),
            ...(flags.evalData === undefined || exact ? {} : { rows: readRows(flags.evalData) })
          }
        }
      : {})
  }
}

function tuneCommand(): Command {
  const d = tuneDefaults
  return computing(
    command({
      name: 'tune',
      summary: 'train a LoRA or QLoRA adapter',
      examples: [
        'tilth engine tune --model models/seedling --data rows.jsonl --output adapters/mine --epochs 10 --lr 2e-3',
        'tilth engine tune --model m --examples rows.json --adapter start --steps 18 --batch 4 --lr 1e-3 --schedule constant --shuffle false --output end --json'
      ]
    })
      .requiredOption('--model <dir>', 'Hugging Face folder of the model')
      .requiredOption('--output <dir>', 'PEFT folder to write')
      .option('--data <file>', 'JSONL rows {"prompt", "response"} or {"messages"}')
      .option('--examples <file>', '{"ids": [[…]], "labels": [[…]]} instead of text')
      .option('--adapter <dir>', 'adapter to start from')
      .addOption(
        new Option('--method <method>', 'qlora: over a base in 4 bits (default: lora)').choices(['lora', 'qlora'])
      )
      .option('--double-quantization', 'qlora: block maxima in 8 bits too')
      .addOption(
        new Option('--quantize <kind>', 'the same said of the weights: nf4 and nf4-double are qlora').choices([
          'none',
          'nf4',
          'nf4-double'
        ])
      )
      .option('--rank <n>', 'rank of the adapter', whole('rank'), d.lora.rank)
      .option('--alpha <x>', 'its scale times the rank', number('alpha'), d.lora.alpha)
      .option('--targets <names>', 'projections, comma-separated', d.lora.targets.join())
      .option('--rslora', 'scale by the square root of the rank')
      .option('--epochs <n>', '', whole('epochs'), d.epochs)
      .option('--steps <n>', 'optimizer steps instead of epochs', whole('steps'))
      .option('--batch <n>', 'rows of a pass', whole('batch'), d.batch)
      .option(
        '--accumulation <n>',
        `passes of a step (default: ${d.accumulation}; 1 with --examples)`,
        whole('accumulation')
      )
      .option('--lr <x>', 'learning rate', number('lr'), d.lr)
      .addOption(new Option('--schedule <kind>').choices(['cosine', 'linear', 'constant']).default(d.schedule))
      .option('--warmup <x>', 'share of the steps that the rate rises', number('warmup'), d.warmupRatio)
      .option('--weight-decay <x>', '', number('weight-decay'), d.weightDecay)
      .option('--beta1 <x>', '', number('beta1'), 0.9)
      .option('--beta2 <x>', '', number('beta2'), 0.999)
      .option('--eps <x>', '', number('eps'), 1e-8)
      .option('--clip <x>', `largest gradient norm, 0 for none (default: ${d.clip}; 0 with --examples)`, number('clip'))
      .option('--ema <x>', 'decay of the average that is kept, 0 for the last iterate', number('ema'), d.ema)
      .option('--cutoff <n>', 'longest row in tokens', whole('cutoff'), d.cutoff)
      .option('--whole-text', 'train on prompts too')
      .option(
        '--dropout <x>',
        "share of each adapted projection's inputs that is dropped",
        number('dropout'),
        d.lora.dropout
      )
      .option('--eval-share <x>', 'share of the rows to keep back and evaluate on', number('eval-share'))
      .option('--eval-data <file>', 'rows to evaluate on instead, in the form of --data or --examples')
      .option('--eval-every <n>', 'steps from one evaluation to the next', whole('eval-every'), 50)
      .option(
        '--patience <n>',
        'stop after this many evaluations that were no better, and keep the best adapter; 0 for never',
        whole('patience'),
        0
      )
      .option('--checkpointing', 'less memory, a third more work')
      .option('--shuffle <bool>', 'shuffle the rows each epoch', truth('shuffle'), true)
      .option('--seed <n>', '', whole('seed'), d.seed)
      .option('--checkpoint <file>', 'take up here what was interrupted')
  ).action(
    guarded(async (flags: TuneFlags) => {
      if ((flags.data === undefined) === (flags.examples === undefined))
        throw new InvalidError('flag-missing', 'give either --data FILE or --examples FILE')
      const { model, output, adapter, checkpoint } = flags
      const common = {
        model,
        output,
        adapter,
        checkpoint,
        settings: trainSettings(flags),
        runtime: await exactRuntime(flags),
        ...(flags.json === true ? {} : { onProgress: showProgress })
      }
      const result =
        flags.examples === undefined
          ? await tuneRows({ ...common, rows: readRows(flags.data ?? '') })
          : await tuneExamples({
              ...common,
              rows: readTrainRows(flags.examples),
              held: flags.evalData === undefined ? undefined : readTrainRows(flags.evalData)
            })
      const { losses: loss, seconds, tokens, evaluations, bestStep } = result
      if (flags.json === true) return print({ loss, seconds, tokens, evaluations, bestStep })
      if (bestStep !== undefined) console.log(`\nkept: the adapter of step ${bestStep}`)
      console.log(
        `\n${flags.output}: ${result.losses.length} steps, loss ${result.losses.at(0)?.toFixed(3) ?? '-'} to ${result.losses.at(-1)?.toFixed(3) ?? '-'}, ${Math.round(result.seconds)} s`
      )
    })
  )
}

function showProgress(p: TrainProgress): void {
  const width = 24
  const done = Math.round((width * p.step) / p.steps)
  const line = `${'█'.repeat(done)}${'░'.repeat(width - done)} ${p.step}/${p.steps}  loss ${p.loss.toFixed(3)}${p.evalLoss === undefined ? '' : ` (evaluation ${p.evalLoss.toFixed(3)})`}  ${Math.round(p.tokensPerSecond)} tokens/s  ${Math.ceil(p.secondsLeft)} s left`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}  `)
  else if (p.evalLoss !== undefined || p.step === p.steps || p.step % Math.ceil(p.steps / 20) === 0) console.log(line)
}

function mergeCommand(): Command {
  return command({
    name: 'merge',
    summary: 'write a model folder with an adapter added to its weights',
    examples: ['tilth engine merge --model models/seedling --adapter adapters/elements --output models/elements']
  })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model')
    .requiredOption('--adapter <dir>', 'PEFT folder of the adapter')
    .requiredOption('--output <dir>', 'folder to write')
    .addOption(new Option('--dtype <type>', 'weights on disk').choices(['F32', 'BF16']).default('F32'))
    .action(
      guarded(
        async (flags: { model: string; adapter: string; output: string; dtype: 'F32' | 'BF16'; json?: boolean }) => {
          mergeAdapter(flags)
          if (flags.json === true) return print({ output: flags.output })
          console.log(`${flags.output}: ${flags.model} with ${flags.adapter} added`)
        }
      )
    )
}

function benchCommand(): Command {
  return placed(
    command({
      name: 'bench',
      summary: 'how fast this machine trains and generates, on random weights',
      examples: ['tilth engine bench --shape smollm2-135m --only train --json']
    })
      .addOption(new Option('--shape <name>').choices(Object.keys(benchShapes)).default('seedling'))
      .addOption(new Option('--only <part>', 'one part, in this process alone').choices([...benchParts]))
  )
    .option('--threads <list>', 'thread counts to try', '1,2')
    .option('--batch <n>', 'rows of a training step', whole('batch'), 2)
    .option('--seq <n>', 'their length', whole('seq'), 512)
    .action(
      guarded(
        async (flags: {
          shape: keyof typeof benchShapes
          only?: (typeof benchParts)[number]
          threads: string
          provider: ProviderRequest
          precision?: Precision
          batch: number
          seq: number
          json?: boolean
        }) => {
          const live = flags.json !== true
          const { provider, precision } = await exactRuntime({ ...flags, threads: '1' })
          const result = await bench({
            ...flags,
            runtime: { provider, precision },
            threads: flags.threads.split(',').map(whole('threads')),
            ...(live
              ? {
                  onPart: (part, threads) =>
                    console.log(`measuring ${part} on ${threads} thread${threads === 1 ? '' : 's'} …`)
                }
              : {})
          })
          if (!live) return print(result)
          const { train, prefill, decode, batch8, siblings } = result
          const rows: [string, string][] = []
          if (train !== undefined)
            rows.push([
              `LoRA training, ${train.batch}×${train.seq}`,
              `${train.tokensPerSecond} tokens/s, peak ${train.peakRssMb} MB`
            ])
          if (prefill !== undefined)
            rows.push([`prefill, ${prefill.tokens} tokens, int4`, `${prefill.tokensPerSecond} tokens/s`])
          if (decode !== undefined) rows.push(['decode, int4', `${decode.tokensPerSecond} tokens/s`])
          if (batch8 !== undefined)
            rows.push(
              ['8 sequences, one adapter', `${batch8.sameAdapter.tokensPerSecond} tokens/s`],
              ['8 sequences, 8 adapters', `${batch8.differentAdapters.tokensPerSecond} tokens/s`]
            )
          if (siblings !== undefined)
            rows.push(
              ['16 siblings together, apart', `${siblings.together.toFixed(2)} s, ${siblings.apart.toFixed(2)} s`],
              [
                'an answer under 16, 16 answers under one',
                `${(1000 * siblings.scoreAll).toFixed(0)} ms, ${(1000 * siblings.forwardOne).toFixed(0)} ms`
              ]
            )
          console.log(table(['measured', `${result.shape} on ${result.provider}`], rows))
        }
      )
    )
}

export function engineCommand(): Command {
  const cmd = new Command('engine')
    .description('models and adapters on this machine alone: inspect, score, generate, tune, gradients, merge, bench')
    .showHelpAfterError('(add --help for what it takes)')
    .addHelpText('after', '\nExample:\n  tilth engine inspect --model models/seedling\n')
  for (const sub of [
    inspectCommand(),
    scoreCommand(),
    generateCommand(),
    tuneCommand(),
    gradientsCommand(),
    mergeCommand(),
    benchCommand()
  ])
    cmd.addCommand(sub)
  return cmd
}
