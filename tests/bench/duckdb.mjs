// DuckDB from npm, for machines that lack its own command line.
// usage: node duckdb.mjs SQL: writes the rows as JSON, one a line.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../build/npm/', import.meta.url));
const { DuckDBInstance } = require('@duckdb/node-api');
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const result = await connection.runAndReadAll(process.argv[2]);
for (const row of result.getRowsJson()) console.log(JSON.stringify(row));
