using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>Models by provider and slug, as they count: with the corrections, the price in use, and why one is not selectable.</summary>
public sealed class ListModels(NpgsqlDataSource database)
{
    /// <summary>The price that somebody set, as <see cref="PriceJson"/> has it.</summary>
    const string ManualPriceSql = """
        (select jsonb_build_object('prompt_usd', trim_scale(prompt_usd), 'completion_usd', trim_scale(completion_usd), 'request_usd', nullif(trim_scale(request_usd), 0),
            'image_usd', nullif(trim_scale(image_usd), 0), 'search_usd', nullif(trim_scale(search_usd), 0), 'cache_read_usd', trim_scale(cache_read_usd),
            'cache_write_usd', trim_scale(cache_write_usd), 'cache_write_1h_usd', trim_scale(cache_write_1h_usd), 'reasoning_usd', trim_scale(reasoning_usd))
        from routing_model_prices where provider = m.provider and slug = m.slug and valid_to is null and origin =
        """;

    const string Sql = $"""
        select v.provider, v.slug, v.name, v.canonical_slug, v.state, v.context_tokens, v.max_output_tokens, v.input_modalities, v.output_modalities, v.parameters,
            v.zero_retention, v.regions, v.quality, v.price_origin, v.price_since, v.listed_at, v.expires_at, v.first_seen_at, v.gone_at, v.corrected_at, v.corrected_by,
            v.note, m.version,
            case when m.corrected_at is not null then jsonb_strip_nulls(jsonb_build_object('enabled', m.manual_enabled, 'context_tokens', m.manual_context_tokens,
                'max_output_tokens', m.manual_max_output_tokens, 'price', {ManualPriceSql} 'manual'), 'ceiling', {ManualPriceSql} 'ceiling'),
                'zero_retention', m.manual_zero_retention, 'regions', m.manual_regions, 'input_modalities', m.manual_input_modalities, 'parameters', m.manual_parameters,
                'quality', m.manual_quality, 'note', m.note))::text end as correction,
            v.prompt_usd, v.completion_usd, v.request_usd, v.image_usd, v.search_usd, v.cache_read_usd, v.cache_write_usd, v.cache_write_1h_usd, v.reasoning_usd, v.discount,
            v.overrides::text as overrides
        from v_models v
        join routing_models m on m.provider = v.provider and m.slug = v.slug
        """;

    /// <param name="after">The last model seen; null at the start.</param>
    public async Task<IReadOnlyList<ListedModelRow>> RunAsync(ModelFilter filter, (string Provider, string Slug)? after, int count, CancellationToken ct)
    {
        var conditions = new List<string>();
        if (filter.Provider is not null) conditions.Add("v.provider = @Provider");
        if (filter.State is not null) conditions.Add("v.state = @State");
        if (filter.Search is not null) conditions.Add("(strpos(lower(v.slug), lower(@Search)) > 0 or strpos(lower(v.name), lower(@Search)) > 0)");
        if (filter.Parameter is not null) conditions.Add("@Parameter = any(v.parameters)");
        if (filter.Modality is not null) conditions.Add("@Modality = any(v.input_modalities)");
        if (filter.MinContext is not null) conditions.Add("v.context_tokens >= @MinContext");
        if (filter.IsCorrected is not null) conditions.Add("(v.corrected_at is not null) = @IsCorrected");
        if (after is not null) conditions.Add("(v.provider, v.slug) > (@afterProvider, @afterSlug)");
        var where = conditions.Count > 0 ? "where " + string.Join(" and ", conditions) : "";
        await using var connection = await database.OpenConnectionAsync(ct);
        return await ReadAsync(connection, null, $"{Sql} {where} order by v.provider, v.slug limit @count", new
        {
            filter.Provider, filter.State, filter.Search, filter.Parameter, filter.Modality, filter.MinContext, filter.IsCorrected,
            afterProvider = after?.Provider, afterSlug = after?.Slug, count,
        }, ct);
    }

    /// <returns>Null when there is none of that name.</returns>
    public async Task<ListedModelRow?> FindAsync(string provider, string slug, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await FindAsync(connection, null, provider, slug, ct);
    }

    internal static async Task<ListedModelRow?> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string provider, string slug, CancellationToken ct) =>
        (await ReadAsync(connection, transaction, $"{Sql} where v.provider = @provider and v.slug = @slug", new { provider, slug }, ct)).SingleOrDefault();

    static async Task<IReadOnlyList<ListedModelRow>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, object parameters, CancellationToken ct) =>
        [.. await connection.QueryAsync<ListedModelRow, PriceRow, ListedModelRow>(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct),
            (model, price) => model with { Price = price?.Price }, splitOn: "prompt_usd")];
}

/// <summary>Exact matches save for the search; null matches all.</summary>
/// <param name="State">One of <see cref="ModelStates"/>.</param>
/// <param name="Search">A part of slug or name, in capitals or not.</param>
/// <param name="Parameter">That it understands, such as <c>tools</c>.</param>
/// <param name="Modality">That it takes, such as <c>image</c>.</param>
/// <param name="MinContext">In tokens; models whose context is not known do not match.</param>
public sealed record ModelFilter(string? Provider = null, string? State = null, string? Search = null, string? Parameter = null, string? Modality = null, long? MinContext = null,
    bool? IsCorrected = null);

public static class ModelStates
{
    public static IReadOnlyList<string> All { get; } = ["selectable", "price_unknown", "disabled", "gone", "no_key", "provider_disabled"];
}

/// <param name="State">selectable, or why not.</param>
/// <param name="PriceOrigin">manual, provider or ceiling; null: the price is not known.</param>
/// <param name="PriceSince">Since when that price holds.</param>
/// <param name="CorrectedAt">When an operator last corrected it; null: never.</param>
/// <param name="Version">Of the corrections, for edits.</param>
/// <param name="Correction">JSON text of what is corrected; null: nothing is.</param>
public sealed record ListedModelRow(string Provider, string Slug, string Name, string? CanonicalSlug, string State, long? ContextTokens, long? MaxOutputTokens,
    string[] InputModalities, string[] OutputModalities, string[] Parameters, bool ZeroRetention, string[] Regions, double? Quality, string? PriceOrigin,
    DateTimeOffset? PriceSince, DateTimeOffset? ListedAt, DateTimeOffset? ExpiresAt, DateTimeOffset FirstSeenAt, DateTimeOffset? GoneAt, DateTimeOffset? CorrectedAt,
    string? CorrectedBy, string? Note, long Version, string? Correction)
{
    /// <summary>Null: not known.</summary>
    public ModelPrice? Price { get; init; }
}
