using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>
/// The catalog as decisions need it: models that are listed, enabled, and whose provider is enabled and has the key that it wants. Those whose price nobody
/// knows are among them, so that a decision can say why it does not choose them.
/// </summary>
public sealed class ReadCatalog(NpgsqlDataSource database)
{
    const string Sql = """
        select provider, slug, name, context_tokens, max_output_tokens, input_modalities, output_modalities, parameters, zero_retention, regions, quality, expires_at,
            price_origin = 'ceiling' as is_ceiling,
            prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd, discount,
            overrides::text as overrides
        from v_models
        where state in ('selectable', 'price_unknown')
        """;

    public async Task<IReadOnlyList<CatalogModel>> RunAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. (await connection.QueryAsync<ModelRow, PriceRow, CatalogModel>(new CommandDefinition(Sql, cancellationToken: ct), (model, price) => model.Of(price),
            splitOn: "prompt_usd")).OrderBy(m => m.Provider, StringComparer.Ordinal).ThenBy(m => m.Slug, StringComparer.Ordinal)];
    }

    sealed record ModelRow(string Provider, string Slug, string Name, long? ContextTokens, long? MaxOutputTokens, string[] InputModalities, string[] OutputModalities,
        string[] Parameters, bool ZeroRetention, string[] Regions, double? Quality, DateTimeOffset? ExpiresAt, bool? IsCeiling)
    {
        public CatalogModel Of(PriceRow? price) => new(Provider, Slug, Name, ContextTokens, MaxOutputTokens, price?.Price, IsCeiling == true, ExpiresAt)
        {
            InputModalities = Set(InputModalities), OutputModalities = Set(OutputModalities), Parameters = Set(Parameters), IsZeroRetention = ZeroRetention,
            Regions = Set(Regions), PriorQuality = Quality,
        };

        static HashSet<string> Set(string[] words) => new(words, StringComparer.Ordinal);
    }
}
