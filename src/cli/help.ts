/** What `--help` shows. */
export const HELP = `Runs a Lambda handler on a queue of your machine.

Usage: npx @partial-batch/sqs dev <handler> [options]
       deno run -A jsr:@partial-batch/sqs/cli dev <handler> [options]

<handler> is the module with your function: ./handler.js. Without --queue-url a
queue with a dead-letter queue is started on this machine, with the package
fauxqs of your project.

The function
  --export NAME       the export that is the handler (default: handler)
  --timeout SECONDS   its timeout, 1 to 900 (default: 3, as in Lambda)
  --memory MB         the size of its heap (default: that of the runtime)

The event source mapping
  --batch-size N      messages in a batch, 1 to 10000 (default: 10)
  --report-batch-item-failures
                      the mapping has ReportBatchItemFailures

The messages
  --send FILE         send each line of a JSON lines file as a message
  --message TEXT      send this message; may be given more than once
  --fifo              the local queue is a FIFO queue
  --group-by NAME     the member of a body that is its message group; without it
                      all messages are of one group

The queue
  --queue-url URL     use this queue: on LocalStack, on another emulator, on AWS
  --region NAME       its region (default: from the URL, the environment)
  --endpoint URL      where SQS answers (default: the host of the URL)

The command
  --until-empty       end by itself: with 0 if every message was handled, with 1
                      if some are left or dead-lettered
  --json              write one JSON object a line
  -h, --help          show this text

Ctrl-C ends it. It ends with 2 for input it cannot use. NO_COLOR is respected.
`;
