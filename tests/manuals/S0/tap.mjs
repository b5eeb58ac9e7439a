// Cases as TAP. A case that must hold ends the script when it does not.
let number = 0;
let bad = 0;

export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

export function same(got, want, what) {
  if (got !== want) throw new Error(`${what} is ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
}

function result(ok, name, why = '') {
  number += 1;
  if (!ok) bad += 1;
  console.log(`${ok ? '' : 'not '}ok ${number} - ${name}`);
  for (const line of why.split('\n').filter(Boolean)) console.log(`# ${line}`);
}

export class Stop extends Error {}

/** A case; what `run` gives back, undefined when it failed. */
export async function check(name, run) {
  try {
    const value = await run();
    result(true, name);
    return value ?? true;
  } catch (error) {
    result(false, name, error.stack ?? String(error));
    return undefined;
  }
}

/** A case without which the rest makes no sense. */
export async function must(name, run) {
  const value = await check(name, run);
  if (value === undefined) throw new Stop(name);
  return value;
}

export function end() {
  console.log(`1..${number}`);
  process.exitCode = bad || !number ? 1 : 0;
}
