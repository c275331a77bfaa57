using System.Text.Json.Nodes;
using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>The models of a provider in the table: read as they were listed last, and written in bulk.</summary>
static class StoredModels
{
    const string ReadSql = """
        select m.slug, m.name, m.canonical_slug, m.context_tokens, m.max_output_tokens, m.input_modalities, m.output_modalities, m.parameters, m.listed_at, m.expires_at,
            m.gone_at is not null as is_gone,
            p.prompt_usd, p.completion_usd, p.request_usd, p.image_usd, p.search_usd, p.cache_read_usd, p.cache_write_usd, p.cache_write_1h_usd, p.reasoning_usd,
            p.discount, p.overrides::text as overrides
        from routing_models m
        left join routing_model_prices p on p.provider = m.provider and p.slug = m.slug and p.origin = 'provider' and p.valid_to is null
        where m.provider = @provider
        """;

    const string WriteSql = """
        insert into routing_models as m (provider, slug, name, canonical_slug, context_tokens, max_output_tokens, input_modalities, output_modalities, parameters,
            listed_at, expires_at, first_seen_at)
        select @provider, n.slug, n.name, n.canonical_slug, n.context_tokens, n.max_output_tokens, n.input_modalities, n.output_modalities, n.parameters,
            n.listed_at, n.expires_at, @now
        from jsonb_to_recordset(@models::jsonb) as n (slug text, name text, canonical_slug text, context_tokens bigint, max_output_tokens bigint,
            input_modalities text[], output_modalities text[], parameters text[], listed_at timestamptz, expires_at timestamptz)
        order by n.slug
        on conflict (provider, slug) do update set name = excluded.name, canonical_slug = excluded.canonical_slug, context_tokens = excluded.context_tokens,
            max_output_tokens = excluded.max_output_tokens, input_modalities = excluded.input_modalities, output_modalities = excluded.output_modalities,
            parameters = excluded.parameters, listed_at = excluded.listed_at, expires_at = excluded.expires_at, gone_at = null;

        update routing_models set gone_at = @now where provider = @provider and slug = any(@gone);

        update routing_model_prices set valid_to = greatest(valid_from, @now)
        where provider = @provider and origin = 'provider' and valid_to is null and slug = any(@priced);

        insert into routing_model_prices (provider, slug, origin, prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd,
            cache_write_1h_usd, reasoning_usd, discount, overrides, valid_from, set_by)
        select @provider, n.slug, 'provider', n.prompt_usd, n.completion_usd, coalesce(n.request_usd, 0), coalesce(n.image_usd, 0), coalesce(n.search_usd, 0),
            n.cache_read_usd, n.cache_write_usd, n.cache_write_1h_usd, n.reasoning_usd, coalesce(n.discount, 0), coalesce(n.overrides, '[]'), @now, 'provider'
        from jsonb_to_recordset(@prices::jsonb) as n (slug text, prompt_usd numeric, completion_usd numeric, request_usd numeric, image_usd numeric, search_usd numeric,
            cache_read_usd numeric, cache_write_usd numeric, cache_write_1h_usd numeric, reasoning_usd numeric, discount numeric, overrides jsonb);

        insert into routing_model_changes (provider, slug, kind, changed_at, detail)
        select @provider, n.slug, n.kind, @now, n.detail
        from rows from (jsonb_to_recordset(@changes::jsonb) as (slug text, kind text, detail jsonb)) with ordinality as n (slug, kind, detail, place)
        order by n.place;
        """;

    const string SyncedSql = "update routing_providers set tried_at = @askedAt, synced_at = @askedAt, sync_problem = null where name = @provider";

    public static async Task<IReadOnlyDictionary<string, KnownModel>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, CancellationToken ct) =>
        (await connection.QueryAsync<ModelRow, PriceRow, KnownModel>(new CommandDefinition(ReadSql, new { provider }, transaction, cancellationToken: ct),
            (model, price) => model.Known(price), splitOn: "prompt_usd")).ToDictionary(k => k.Model.Slug, StringComparer.Ordinal);

    /// <summary>As the last thing of its transaction.</summary>
    /// <param name="askedAt">When the provider was asked for the list.</param>
    public static async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, CatalogDifference difference,
        DateTimeOffset askedAt, DateTimeOffset now, CancellationToken ct)
    {
        if (difference.Changes.Count > 0)
            await connection.ExecuteAsync(new CommandDefinition(WriteSql, new
            {
                provider, now, models = Json(difference.Write, m => With(m.Facts(), "slug", m.Slug)), gone = difference.Gone.ToArray(),
                priced = difference.Prices.Select(p => p.Slug).ToArray(),
                prices = Json(difference.Prices.Where(p => p.Price is not null), p => With(PriceJson.Of(p.Price!), "slug", p.Slug)),
                changes = Json(difference.Changes, c => new JsonObject { ["slug"] = c.Slug, ["kind"] = c.Kind, ["detail"] = c.Detail.DeepClone() }),
            }, transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(SyncedSql, new { provider, askedAt }, transaction, cancellationToken: ct));
        if (difference.Changes.Count > 0) await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog);
    }

    static string Json<T>(IEnumerable<T> items, Func<T, JsonObject> of) => new JsonArray([.. items.Select(of)]).ToJsonString();

    static JsonObject With(JsonObject json, string name, string value)
    {
        json[name] = value;
        return json;
    }

    sealed record ModelRow(string Slug, string Name, string? CanonicalSlug, long? ContextTokens, long? MaxOutputTokens, string[] InputModalities, string[] OutputModalities,
        string[] Parameters, DateTimeOffset? ListedAt, DateTimeOffset? ExpiresAt, bool IsGone)
    {
        public KnownModel Known(PriceRow? price) => new(new ListedModel(Slug, Name, CanonicalSlug, ContextTokens, MaxOutputTokens, InputModalities, OutputModalities, Parameters,
            ListedAt, ExpiresAt, price?.Price), IsGone);
    }
}

/// <summary>The columns of a price, in the order of the table.</summary>
sealed record PriceRow(decimal PromptUsd, decimal CompletionUsd, decimal RequestUsd, decimal ImageUsd, decimal SearchUsd, decimal? CacheReadUsd, decimal? CacheWriteUsd,
    decimal? CacheWrite1hUsd, decimal? ReasoningUsd, decimal Discount, string Overrides)
{
    public ModelPrice Price => new(Plain(PromptUsd), Plain(CompletionUsd), Plain(RequestUsd), Plain(ImageUsd), Plain(SearchUsd), Plain(CacheReadUsd), Plain(CacheWriteUsd),
        Plain(CacheWrite1hUsd), Plain(ReasoningUsd), Plain(Discount)) { Overrides = PriceJson.ReadOverrides(Overrides) };

    static decimal Plain(decimal usd) => PriceJson.Plain(usd);

    static decimal? Plain(decimal? usd) => usd is { } value ? PriceJson.Plain(value) : null;
}
