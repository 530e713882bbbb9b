// Pieces of what is kept beside tables: materialized views of several kinds, unlogged tables, and settings of an application's own.

import { FILL, piece, type Piece } from "./pieces.ts";

export const MORE_PIECES: readonly Piece[] = [
  piece(
    "materialized views",
    "create table gen.sold (id integer primary key, shop text not null, at date not null, amount numeric not null)",
    `insert into gen.sold select i, 'shop ' || i % 4, date '2024-01-01' + i, i * 1.25 ${FILL}`,
    "create view gen.sold_lately as select shop, amount from gen.sold where at > date '2024-01-06'",
    "create materialized view gen.by_shop as select shop, sum(amount) as amount, count(*) as n from gen.sold group by shop",
    "create unique index by_shop_key on gen.by_shop (shop)",
    "create materialized view gen.lately as select shop, max(amount) as most from gen.sold_lately group by shop",
    "create materialized view gen.in_all as select sum(amount) as amount from gen.by_shop",
    "create materialized view gen.old_sales as select count(*) as n, max(at) as last from gen.sold",
    "create materialized view gen.never as select id from gen.sold with no data",
    "comment on column gen.by_shop.n is 'how many'",
    "insert into gen.sold values (1001, 'shop 1', '2024-01-05', 7)",
    "refresh materialized view gen.by_shop",
    "refresh materialized view gen.lately",
    "refresh materialized view gen.in_all",
  ),
  piece(
    "unlogged tables",
    "create unlogged table gen.cached (key text primary key, body jsonb, n integer)",
    `insert into gen.cached select 'k' || i, jsonb_build_object('n', i), i ${FILL}`,
    "create unlogged table gen.hits (page text, n integer)",
    `insert into gen.hits select 'page ' || i % 3, i ${FILL}`,
    "create table gen.seen (at date, n integer) partition by range (at)",
    "create table gen.seen_old partition of gen.seen for values from (minvalue) to ('2024-01-05')",
    "create unlogged table gen.seen_new partition of gen.seen for values from ('2024-01-05') to (maxvalue)",
    `insert into gen.seen select date '2024-01-01' + i, i ${FILL}`,
  ),
  piece(
    "own settings",
    `do $$ begin execute format('alter database %I set app.tenant = ''north''', current_database()); execute
      format('alter role gen_reader in database %I set app.region = ''eu''', current_database()); end $$`,
  ),
];
