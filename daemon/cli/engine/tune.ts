import { Option, type Command } from 'commander'
import { untrainedInWords } from '../../../protocol/jobs/index.ts'
import { problemsShown } from '../../../protocol/data/files/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { readTrainRows, tuneDefaults, tuneExamples, tuneRows, type TrainProgress } from '../../../node/engine/index.ts'
import { collect, command, guarded } from '../command.ts'
import { bar } from '../output.ts'
import { computing, exactRuntime, number, print, truth, whole } from './flags.ts'
import { requireFree } from '../free.ts'
import { mapHelp, readAllRows } from '../rows-file.ts'
import { rowsOf, trainSettings, type TuneFlags } from './settings.ts'

export function tuneCommand(): Command {
  const d = tuneDefaults
  return computing(
    command({
      name: 'tune',
      summary: 'train a LoRA or QLoRA adapter, or the linear layers themselves',
      examples: [
        'tilth engine tune --model models/seedling --data rows.jsonl --output adapters/mine --epochs 10 --lr 2e-3',
        'tilth engine tune --model m --examples rows.json --adapter start --steps 18 --batch 4 ' +
          '--lr 1e-3 --schedule constant --shuffle false --output end --json',
        'tilth engine tune --model models/seedling --data rows.jsonl --output tuned/mine --method full --lr 5e-4'
      ]
    })
      .requiredOption('--model <dir>', 'Hugging Face folder of the model')
      .requiredOption('--output <dir>', 'folder to write, of the form of PEFT')
      .option('--data <file>', 'rows in any form that `tilth contribute` takes: JSONL, CSV, Parquet, …')
      .option('--map <what=column>', mapHelp, collect)
      .option('--examples <file>', '{"ids": [[…]], "labels": [[…]]} instead of text')
      .option('--adapter <dir>', 'adapter to start from')
      .addOption(
        new Option(
          '--method <method>',
          'qlora: over a base in 4 bits; full: the weights of every linear layer themselves (default: lora)'
        ).choices(['lora', 'qlora', 'full'])
      )
      .option('--double-quantization', 'qlora: block maxima in 8 bits too')
      .addOption(
        new Option('--quantize <kind>', 'the same said of the weights: nf4 and nf4-double are qlora').choices([
          'none',
          'nf4',
          'nf4-double'
        ])
      )
      .option('--rank <n>', `rank of the adapter (default: ${d.lora.rank})`, whole('rank'))
      .option('--alpha <x>', `its scale times the rank (default: ${d.lora.alpha})`, number('alpha'))
      .option('--targets <names>', `projections, comma-separated (default: ${d.lora.targets.join()})`)
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
        `share of each adapted projection's inputs that is dropped (default: ${d.lora.dropout})`,
        number('dropout')
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
      .option('--force', 'write over what stands in --output')
  ).action(
    guarded(async (flags: TuneFlags) => {
      if ((flags.data === undefined) === (flags.examples === undefined))
        throw new InvalidError('flag-missing', 'give either --data FILE or --examples FILE')
      const { model, output, adapter, checkpoint } = flags
      requireFree(output, { flag: '--output', force: flags.force })
      const common = {
        model,
        output,
        adapter,
        checkpoint,
        settings: await trainSettings(flags),
        runtime: await exactRuntime(flags),
        ...(flags.json === true ? {} : { onProgress: showProgress })
      }
      const result =
        flags.examples === undefined
          ? await tuneRows({ ...common, rows: await readAllRows(flags.data ?? '', rowsOf(flags)) })
          : await tuneExamples({
              ...common,
              rows: readTrainRows(flags.examples),
              held: flags.evalData === undefined ? undefined : readTrainRows(flags.evalData)
            })
      const { losses: loss, seconds, tokens, evaluations, bestStep, setAside = [] } = result
      if (flags.json === true) return print({ loss, seconds, tokens, evaluations, bestStep, setAside })
      for (const { row, code } of setAside.slice(0, problemsShown))
        console.error(`row ${row + 1} was not trained on: ${untrainedInWords(code)} [${code}]`)
      if (setAside.length > problemsShown)
        console.error(`and ${setAside.length - problemsShown} more rows were not trained on`)
      if (bestStep !== undefined) console.log(`\nkept: the adapter of step ${bestStep}`)
      const [first, last] = [loss.at(0), loss.at(-1)].map(one => one?.toFixed(3) ?? '-')
      console.log(`\n${output}: ${loss.length} steps, loss ${first} to ${last}, ${Math.round(seconds)} s`)
    })
  )
}

function showProgress(p: TrainProgress): void {
  const loss = `loss ${p.loss.toFixed(3)}${p.evalLoss === undefined ? '' : ` (evaluation ${p.evalLoss.toFixed(3)})`}`
  const pace = `${Math.round(p.tokensPerSecond)} tokens/s  ${Math.ceil(p.secondsLeft)} s left`
  const line = `${bar(p.step, p.steps)} ${p.step}/${p.steps}  ${loss}  ${pace}`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}  `)
  else if (p.evalLoss !== undefined || p.step === p.steps || p.step % Math.ceil(p.steps / 20) === 0) console.log(line)
}
