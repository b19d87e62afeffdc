import { Command, Option } from 'commander'
import { cpus } from 'node:os'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { bench, benchParts, benchShapes, generateFrom, inspectModel, mergeAdapter, readExamples, readRows, readTrainRows, rowGradients, scoreIds, tuneDefaults, tuneExamples, tuneRows, type Quantization, type TrainProgress, type TrainSettings } from '../../node/engine/index.ts'
import { command, guarded } from './command.ts'
import { table } from './output.ts'

/** `tilth engine …`: models and adapters on this machine alone, with no network and no daemon. */

interface Shared { model: string; adapter?: string; quantize?: Quantization; threads: string; json?: boolean }

const number = (name: string) => (text: string): number => {
  const value = Number(text)
  if (!Number.isFinite(value)) throw new InvalidError('flag-invalid', `--${name} takes a number, not ${text}`)
  return value
}
const whole = (name: string) => (text: string): number => {
  const value = number(name)(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidError('flag-invalid', `--${name} takes a whole number, not ${text}`)
  return value
}
const truth = (name: string) => (text: string): boolean => {
  if (text !== 'true' && text !== 'false') throw new InvalidError('flag-invalid', `--${name} takes true or false, not ${text}`)
  return text === 'true'
}

const runtime = (flags: Shared) => ({ threads: whole('threads')(flags.threads) })
const print = (value: unknown): void => console.log(JSON.stringify(value))

function shared(cmd: Command, quantizations = ['none', 'nf4', 'nf4-double', 'int4']): Command {
  return cmd.requiredOption('--model <dir>', 'Hugging Face folder of the model')
    .option('--adapter <dir>', 'PEFT folder of an adapter')
    .addOption(new Option('--quantize <kind>', 'weights in memory').choices(quantizations).default('none'))
    .option('--threads <n>', 'threads of one operation', String(Math.min(2, cpus().length)))
}

const mega = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`

function inspectCommand(): Command {
  return command({ name: 'inspect', summary: 'what a model folder holds, and what it takes to serve and tune it', examples: ['tilth engine inspect --model models/seedling'] })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model')
    .action(guarded(async (flags: { model: string; json?: boolean }) => {
      const found = inspectModel(flags.model)
      if (flags.json === true) return print(found)
      const { config: c, memory: m } = found
      console.log(`${found.architecture}, ${found.parameters.toLocaleString('en')} parameters stored as ${found.storedAs}`)
      console.log(`${c.layers} layers of ${c.hidden}, ${c.heads} heads (${c.keyHeads} for keys), vocabulary ${c.vocabulary}, context ${c.context}\n`)
      console.log(table(['to', 'memory, about'], [['serve', mega(m.serve)], ['serve in 4 bits', mega(m.serveInt4)], ['tune by LoRA', mega(m.tuneLora)], ['tune by QLoRA', mega(m.tuneQlora)], ['train in full', mega(m.tuneFull)]], [1]))
      console.log(`\nThis machine: ${found.machine.cores} cores, ${mega(found.machine.memory)}, execution providers ${found.machine.providers.join(', ')}`)
    }))
}

function scoreCommand(): Command {
  return shared(command({ name: 'score', summary: 'logits of the last position, and losses where labels are given', examples: ['tilth engine score --model models/seedling --input rows.json --json'] }))
    .requiredOption('--input <file>', '{"ids": [[…]], "labels": [[…]]?}')
    .action(guarded(async (flags: Shared & { input: string }) => {
      const { ids, labels } = readExamples(flags.input)
      const result = await scoreIds({ ...flags, ids, labels, runtime: runtime(flags) })
      if (flags.json === true) return print(result)
      console.log(table(['row', 'tokens', 'likeliest next', 'loss'], ids.map((row, i) => {
        const last = result.logitsLast[i] ?? []
        return [String(i), String(row.length), String(last.indexOf(Math.max(...last))), result.loss?.[i]?.toFixed(4) ?? '']
      }), [0, 1, 2, 3]))
    }))
}

function generateCommand(): Command {
  return shared(command({ name: 'generate', summary: 'continue a text or a list of token ids', examples: ['tilth engine generate --model models/seedling --prompt "A heron is" --max-tokens 40'] }))
    .option('--prompt <text>', 'raw text, no chat template').option('--ids <file>', '{"ids": [[…]]}; the first row is the prompt')
    .requiredOption('--max-tokens <n>', 'longest answer', whole('max-tokens'))
    .option('--greedy', 'always the likeliest token').option('--ignore-end', 'go on past the end token')
    .option('--temperature <x>', '0 is greedy', number('temperature'), 0.8).option('--top-k <n>', 'only the k likeliest tokens', whole('top-k'))
    .option('--top-p <x>', 'only the likeliest tokens that make up this probability', number('top-p')).option('--min-p <x>', 'only tokens this likely, relative to the likeliest', number('min-p'))
    .option('--repetition-penalty <x>', 'above 1: away from tokens that occurred', number('repetition-penalty'))
    .option('--stop <text…>', 'end before this text').option('--seed <n>', 'the same seed gives the same answer', whole('seed'), 0)
    .action(guarded(async (flags: Shared & { prompt?: string; ids?: string; maxTokens: number; greedy?: boolean; ignoreEnd?: boolean; temperature: number; topK?: number; topP?: number; minP?: number; repetitionPenalty?: number; stop?: string[]; seed: number }) => {
      const prompt = flags.prompt ?? (flags.ids === undefined ? undefined : readExamples(flags.ids).ids[0])
      if (prompt === undefined) throw new InvalidError('flag-missing', 'give --prompt TEXT or --ids FILE')
      const { maxTokens, topK, topP, minP, repetitionPenalty, stop, seed } = flags
      const settings = { maxTokens, temperature: flags.greedy === true ? 0 : flags.temperature, topK, topP, minP, repetitionPenalty, stop, seed }
      const live = flags.json !== true
      const result = await generateFrom({ ...flags, prompt, settings: JSON.parse(JSON.stringify(settings)) as typeof settings, runtime: runtime(flags), ...(live ? { onText: (text: string) => process.stdout.write(text) } : {}) })
      if (live) console.log(result.text === '' ? result.tokens.join(' ') : '')
      else print(result)
    }))
}

function gradientsCommand(): Command {
  return shared(command({ name: 'gradients', summary: "each example's loss, and the dot products of the examples' gradients over the adapter", examples: ['tilth engine gradients --model models/seedling --adapter adapters/elements --examples rows.json --json'] }), ['none', 'nf4', 'nf4-double'])
    .requiredOption('--examples <file>', '{"ids": [[…]], "labels": [[…]]}')
    .action(guarded(async (flags: Shared & { examples: string }) => {
      if (flags.adapter === undefined) throw new InvalidError('flag-missing', 'gradients are taken over an adapter: give --adapter DIR')
      const result = await rowGradients({ ...flags, adapter: flags.adapter, rows: readTrainRows(flags.examples), runtime: runtime(flags) })
      if (flags.json === true) return print(result)
      console.log(table(['row', 'loss', 'gradient norm'], result.loss.map((loss, i) => [String(i), loss.toFixed(4), Math.sqrt(result.gradDot[i]?.[i] ?? 0).toExponential(3)]), [0, 1, 2]))
    }))
}

interface TuneFlags extends Shared {
  data?: string; examples?: string; output: string; method: 'lora' | 'qlora'; epochs: number; steps?: number; batch: number; accumulation: number; lr: number
  schedule: TrainSettings['schedule']; warmup: number; weightDecay: number; beta1: number; beta2: number; eps: number; clip: number; ema: number; seed: number
  cutoff: number; rank: number; alpha: number; targets: string; rslora?: boolean; wholeText?: boolean; checkpointing?: boolean; shuffle: boolean; checkpoint?: string
}

function tuneCommand(): Command {
  const d = tuneDefaults
  return command({ name: 'tune', summary: 'train a LoRA or QLoRA adapter', examples: ['tilth engine tune --model models/seedling --data rows.jsonl --output adapters/mine --epochs 10 --lr 2e-3', 'tilth engine tune --model m --examples rows.json --adapter start --steps 18 --batch 4 --accumulation 1 --lr 1e-3 --schedule constant --shuffle false --clip 0 --output end --json'] })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model').requiredOption('--output <dir>', 'PEFT folder to write')
    .option('--data <file>', 'JSONL rows {"prompt", "response"} or {"messages"}').option('--examples <file>', '{"ids": [[…]], "labels": [[…]]} instead of text')
    .option('--adapter <dir>', 'adapter to start from (with --examples)').addOption(new Option('--method <method>').choices(['lora', 'qlora']).default('lora'))
    .option('--rank <n>', 'rank of the adapter', whole('rank'), d.lora.rank).option('--alpha <x>', 'its scale times the rank', number('alpha'), d.lora.alpha)
    .option('--targets <names>', 'projections, comma-separated', d.lora.targets.join()).option('--rslora', 'scale by the square root of the rank')
    .option('--epochs <n>', '', whole('epochs'), d.epochs).option('--steps <n>', 'optimizer steps instead of epochs (with --examples)', whole('steps'))
    .option('--batch <n>', 'rows of a pass', whole('batch'), d.batch).option('--accumulation <n>', 'passes of a step', whole('accumulation'), d.accumulation)
    .option('--lr <x>', 'learning rate', number('lr'), d.lr).addOption(new Option('--schedule <kind>').choices(['cosine', 'linear', 'constant']).default(d.schedule))
    .option('--warmup <x>', 'share of the steps that the rate rises', number('warmup'), d.warmupRatio).option('--weight-decay <x>', '', number('weight-decay'), d.weightDecay)
    .option('--beta1 <x>', '', number('beta1'), 0.9).option('--beta2 <x>', '', number('beta2'), 0.999).option('--eps <x>', '', number('eps'), 1e-8)
    .option('--clip <x>', 'largest gradient norm, 0 for none', number('clip'), d.clip).option('--ema <x>', 'decay of the average that is kept, 0 for the last iterate', number('ema'), d.ema)
    .option('--cutoff <n>', 'longest row in tokens', whole('cutoff'), d.cutoff).option('--whole-text', 'train on prompts too')
    .option('--checkpointing', 'less memory, a third more work')
    .option('--shuffle <bool>', 'shuffle the rows each epoch', truth('shuffle'), true).option('--seed <n>', '', whole('seed'), d.seed)
    .option('--checkpoint <file>', 'take up here what was interrupted').option('--threads <n>', 'threads of one operation', String(Math.min(2, cpus().length)))
    .action(guarded(async (flags: TuneFlags) => {
      const lora = { rank: flags.rank, alpha: flags.alpha, targets: flags.targets.split(','), dropout: 0, rslora: flags.rslora === true }
      const settings: TrainSettings = { ...flags, lora, warmupRatio: flags.warmup, responseOnly: flags.wholeText !== true }
      const common = { model: flags.model, output: flags.output, settings, runtime: runtime(flags), onProgress: flags.json === true ? undefined : showProgress }
      const optimizer = { beta1: flags.beta1, beta2: flags.beta2, epsilon: flags.eps }
      if ((flags.data === undefined) === (flags.examples === undefined)) throw new InvalidError('flag-missing', 'give either --data FILE or --examples FILE')
      const result = flags.examples === undefined
        ? await tuneRows({ ...common, rows: readRows(flags.data ?? ''), checkpoint: flags.checkpoint })
        : await tuneExamples({ ...common, rows: readTrainRows(flags.examples), adapter: flags.adapter, steps: flags.steps, shuffle: flags.shuffle, optimizer })
      if (flags.json === true) print({ loss: result.losses, seconds: result.seconds, tokens: result.tokens })
      else console.log(`\n${flags.output}: ${result.losses.length} steps, loss ${result.losses.at(0)?.toFixed(3) ?? '-'} to ${result.losses.at(-1)?.toFixed(3) ?? '-'}, ${Math.round(result.seconds)} s`)
    }))
}

function showProgress(p: TrainProgress): void {
  const width = 24
  const done = Math.round((width * p.step) / p.steps)
  const line = `${'█'.repeat(done)}${'░'.repeat(width - done)} ${p.step}/${p.steps}  loss ${p.loss.toFixed(3)}  ${Math.round(p.tokensPerSecond)} tokens/s  ${Math.ceil(p.secondsLeft)} s left`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}  `)
  else if (p.step === p.steps || p.step % Math.ceil(p.steps / 20) === 0) console.log(line)
}

function mergeCommand(): Command {
  return command({ name: 'merge', summary: 'write a model folder with an adapter added to its weights', examples: ['tilth engine merge --model models/seedling --adapter adapters/elements --output models/elements'] })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model').requiredOption('--adapter <dir>', 'PEFT folder of the adapter').requiredOption('--output <dir>', 'folder to write')
    .addOption(new Option('--dtype <type>', 'weights on disk').choices(['F32', 'BF16']).default('F32'))
    .action(guarded(async (flags: { model: string; adapter: string; output: string; dtype: 'F32' | 'BF16'; json?: boolean }) => {
      mergeAdapter(flags)
      if (flags.json === true) return print({ output: flags.output })
      console.log(`${flags.output}: ${flags.model} with ${flags.adapter} added`)
    }))
}

function benchCommand(): Command {
  return command({ name: 'bench', summary: 'how fast this machine trains and generates, on random weights', examples: ['tilth engine bench --shape smollm2-135m --only train --json'] })
    .addOption(new Option('--shape <name>').choices(Object.keys(benchShapes)).default('seedling'))
    .addOption(new Option('--only <part>', 'one part, in this process alone').choices([...benchParts]))
    .addOption(new Option('--provider <name>').choices(['cpu']).default('cpu'))
    .option('--threads <list>', 'thread counts to try', '1,2').option('--batch <n>', 'rows of a training step', whole('batch'), 2).option('--seq <n>', 'their length', whole('seq'), 512)
    .action(guarded(async (flags: { shape: keyof typeof benchShapes; only?: (typeof benchParts)[number]; threads: string; batch: number; seq: number; json?: boolean }) => {
      const live = flags.json !== true
      const result = await bench({ ...flags, threads: flags.threads.split(',').map(whole('threads')), ...(live ? { onPart: (part, threads) => console.log(`measuring ${part} on ${threads} thread${threads === 1 ? '' : 's'} …`) } : {}) })
      if (!live) return print(result)
      const { train, prefill, decode, batch8, siblings } = result
      const rows: [string, string][] = []
      if (train !== undefined) rows.push([`LoRA training, ${train.batch}×${train.seq}`, `${train.tokensPerSecond} tokens/s, peak ${train.peakRssMb} MB`])
      if (prefill !== undefined) rows.push([`prefill, ${prefill.tokens} tokens, int4`, `${prefill.tokensPerSecond} tokens/s`])
      if (decode !== undefined) rows.push(['decode, int4', `${decode.tokensPerSecond} tokens/s`])
      if (batch8 !== undefined) rows.push(['8 sequences, one adapter', `${batch8.sameAdapter.tokensPerSecond} tokens/s`], ['8 sequences, 8 adapters', `${batch8.differentAdapters.tokensPerSecond} tokens/s`])
      if (siblings !== undefined) rows.push(['16 siblings together, apart', `${siblings.together.toFixed(2)} s, ${siblings.apart.toFixed(2)} s`], ['an answer under 16, 16 answers under one', `${(1000 * siblings.scoreAll).toFixed(0)} ms, ${(1000 * siblings.forwardOne).toFixed(0)} ms`])
      console.log(table(['measured', `${result.shape} on ${result.provider}`], rows))
    }))
}

export function engineCommand(): Command {
  const cmd = new Command('engine').description('models and adapters on this machine alone: inspect, score, generate, tune, gradients, merge, bench').showHelpAfterError('(add --help for what it takes)')
    .addHelpText('after', '\nExample:\n  tilth engine inspect --model models/seedling\n')
  for (const sub of [inspectCommand(), scoreCommand(), generateCommand(), tuneCommand(), gradientsCommand(), mergeCommand(), benchCommand()]) cmd.addCommand(sub)
  return cmd
}
