const MASK = '[redacted]';

/**
 * scheme://user:password@: up to the LAST @ of the word, because a raw @ inside the password is the commonest mistake,
 * and half a password is a leak too. One slash is enough: a URL taken for a file name has lost the other.
 */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/{1,2}[^\s:@/]*):[^\s"'`<>]*@/gi;
/** `password=…`, `sslpassword='…'`, `PGPASSWORD=…`, also as a URL parameter. */
const KEYWORD_PASSWORD = /(\w*password\s*=\s*)(?:'(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?|[^\s&'"]+)/gi;
const JSON_PASSWORD = /("\w*password"\s*:\s*)"(?:\\.|[^"\\])*"?/gi;
/** `create role … password '…'`, with E'' and U&'' strings, and dollar quotes. */
const SQL_PASSWORD = /\b(password\s+)(?:(?:e|u&)?'(?:''|\\.|[^'\\])*'?|(\$\w*\$)[\s\S]*?(?:\2|$))/gi;

/** Masks whatever looks like a password. Every text that leaves the program on the error path goes through it once. */
export function redact(text: string): string {
  return text
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(KEYWORD_PASSWORD, `$1${MASK}`)
    .replace(JSON_PASSWORD, `$1"${MASK}"`)
    .replace(SQL_PASSWORD, `$1'${MASK}'`);
}
