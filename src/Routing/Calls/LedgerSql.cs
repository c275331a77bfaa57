namespace Routing.Calls;

/// <summary>The statements of the ledger. Windows are locked in the order of their key, so that processes do not wait for each other crosswise.</summary>
static class LedgerSql
{
    public const string Guard = "select lock_budget_holder($1, $2, $3, $4)";

    // The same; what follows is visible to all at once, and safe from a crash of the server a moment later.
    public const string LazyGuard = "select lock_budget_holder($1, $2, $3, $4), set_config('synchronous_commit', 'off', true)";

    public const string Beat = "update budget_holders set lease_until = $2 where holder_id = $1";

    // Whoever comes first makes the window.
    public const string MakeWindows = """
        insert into budget_windows (budget_id, window_key, subject, starts_at, ends_at, opened_at)
        select d.*, $6 from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) d(budget_id, window_key, subject, starts_at, ends_at)
        order by d.budget_id, d.window_key
        on conflict (budget_id, window_key) do nothing
        """;

    public const string LockWindows = """
        select w.budget_id, w.window_key, b.amount_usd, w.settled_usd, w.granted_usd, b.is_hard and b.is_enabled as is_hard, w.is_tight,
            exists (select from budget_slices s where s.budget_id = w.budget_id and s.window_key = w.window_key and s.holder_id <> $3 and not s.is_exact) as others_spare
        from budget_windows w
        join unnest($1::uuid[], $2::text[]) d(budget_id, window_key) on d.budget_id = w.budget_id and d.window_key = w.window_key
        join cost_budgets b on b.budget_id = w.budget_id
        order by w.budget_id, w.window_key
        for update of w
        """;

    public const string ChangeWindows = """
        with changes as (
            select * from unnest($1::uuid[], $2::text[], $3::numeric[], $4::numeric[], $5::integer[], $6::integer[], $7::boolean[])
                d(budget_id, window_key, settled, granted, calls, refused, is_tight)
        ), locked as materialized (
            select w.budget_id, w.window_key from budget_windows w join changes d on d.budget_id = w.budget_id and d.window_key = w.window_key
            order by w.budget_id, w.window_key for update of w
        )
        update budget_windows w set settled_usd = w.settled_usd + d.settled, granted_usd = w.granted_usd + d.granted, calls = w.calls + d.calls, refused = w.refused + d.refused,
            is_tight = coalesce(d.is_tight, w.is_tight)
        from changes d join locked l on l.budget_id = d.budget_id and l.window_key = d.window_key
        where w.budget_id = d.budget_id and w.window_key = d.window_key
        """;

    public const string MakeSlices = """
        insert into budget_slices (budget_id, window_key, holder_id, granted_usd, is_exact)
        select d.budget_id, d.window_key, $3, 0, true from unnest($1::uuid[], $2::text[]) d(budget_id, window_key)
        on conflict (budget_id, window_key, holder_id) do nothing
        """;

    public const string ChangeSlices = """
        update budget_slices s set granted_usd = s.granted_usd + d.granted, is_exact = coalesce(d.is_exact, s.is_exact)
        from unnest($1::uuid[], $2::text[], $3::numeric[], $4::boolean[]) d(budget_id, window_key, granted, is_exact)
        where s.budget_id = d.budget_id and s.window_key = d.window_key and s.holder_id = $5
        """;

    public const string DropSlices = """
        delete from budget_slices s using unnest($1::uuid[], $2::text[]) d(budget_id, window_key)
        where s.budget_id = d.budget_id and s.window_key = d.window_key and s.holder_id = $3 and s.granted_usd = 0
        """;

    public const string Close = """
        update model_selections s set outcome = e.outcome, is_estimated = e.is_estimated, cost_usd = e.cost_usd, ended_at = $2,
            settled_at = case when e.is_estimated then null else $2 end, latency_ms = e.latency_ms, first_token_ms = e.first_token_ms, error_kind = e.error_kind, error = e.error,
            http_status = e.http_status, generation_id = coalesce(e.generation_id, s.generation_id), served_model = e.served_model, served_by = e.served_by,
            finish_reason = e.finish_reason, prompt_tokens = e.prompt_tokens, completion_tokens = e.completion_tokens, cached_tokens = e.cached_tokens,
            cache_write_tokens = e.cache_write_tokens, reasoning_tokens = e.reasoning_tokens
        from jsonb_to_recordset($1::jsonb) e(selection_id uuid, outcome text, is_estimated boolean, cost_usd numeric, latency_ms double precision, first_token_ms double precision,
            error_kind text, error text, http_status integer, generation_id text, served_model text, served_by text, finish_reason text,
            prompt_tokens bigint, completion_tokens bigint, cached_tokens bigint, cache_write_tokens bigint, reasoning_tokens bigint)
        where s.selection_id = e.selection_id and s.outcome = 'open'
        """;

    public const string Open = """
        insert into model_selections (selection_id, request_id, attempt, requested_at, task_id, task_epoch, task_kind, tenant, worker, policy, policy_version, provider, model,
            reasons, price, max_tokens, is_streamed, estimated_usd, hold_usd, holder_id, budget_ids, window_keys)
        select o.selection_id, o.request_id, o.attempt, $2, o.task_id, o.task_epoch, o.task_kind, o.tenant, o.worker, o.policy, o.policy_version, o.provider, o.model,
            o.reasons, o.price, o.max_tokens, o.is_streamed, o.estimated_usd, o.hold_usd, $3, o.budget_ids, o.window_keys
        from jsonb_to_recordset($1::jsonb) o(selection_id uuid, request_id uuid, attempt smallint, task_id uuid, task_epoch bigint, task_kind text, tenant text, worker text,
            policy text, policy_version integer, provider text, model text, reasons text[], price jsonb, max_tokens integer, is_streamed boolean,
            estimated_usd numeric, hold_usd numeric, budget_ids uuid[], window_keys text[])
        """;

    public const string NoteGenerations = """
        update model_selections s set generation_id = n.generation_id
        from unnest($1::uuid[], $2::text[]) n(selection_id, generation_id)
        where s.selection_id = n.selection_id and s.generation_id is null
        """;

    // Told once for each window: when so much is spent, and when nothing fits any more.
    public const string Alert = """
        with changed as (
            select w.budget_id, w.window_key, w.settled_usd, w.granted_usd, b.amount_usd, d.refused > 0 as refused,
                w.alerted_at is null and w.settled_usd >= b.alert_threshold * b.amount_usd as is_over, w.exhausted_at is null as is_first
            from unnest($1::uuid[], $2::text[], $3::integer[]) d(budget_id, window_key, refused)
            join budget_windows w on w.budget_id = d.budget_id and w.window_key = d.window_key
            join cost_budgets b on b.budget_id = w.budget_id
        ), due as (
            select budget_id, window_key, settled_usd, granted_usd, amount_usd, is_over, is_first and (refused or settled_usd >= amount_usd) as is_out from changed
        ), told as (
            update budget_windows w set alerted_at = case when d.is_over then $4 else w.alerted_at end, exhausted_at = case when d.is_out then $4 else w.exhausted_at end
            from due d where w.budget_id = d.budget_id and w.window_key = d.window_key and (d.is_over or d.is_out)
            returning w.budget_id
        )
        insert into budget_events (event_id, budget_id, window_key, event, at, detail)
        select gen_random_uuid(), d.budget_id, d.window_key, e.event, $4,
            jsonb_build_object('amount_usd', d.amount_usd, 'settled_usd', d.settled_usd, 'held_usd', d.granted_usd)
        from due d cross join lateral (values ('threshold', d.is_over), ('exhausted', d.is_out)) e(event, is_due)
        where e.is_due and exists (select from told t where t.budget_id = d.budget_id)
        """;

    public const string Notify = "select pg_notify('engine_budgets', '')";
}
