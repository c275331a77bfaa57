using System.Text.Json.Nodes;
using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>
/// Puts what an operator knows better in place of what was put there before; syncs leave it alone and it wins over what they bring. The whole correction is
/// given each time: what it does not name is the provider's again.
/// </summary>
public sealed class CorrectModel(TimeProvider time)
{
    const string ReadSql = """
        select m.version, p.kind from routing_models m join routing_providers p on p.name = m.provider
        where m.provider = @provider and m.slug = @slug
        for update of m
        """;
    const string WriteSql = """
        update routing_models
        set manual_enabled = @Enabled, manual_context_tokens = @ContextTokens, manual_max_output_tokens = @MaxOutputTokens, manual_zero_retention = @ZeroRetention,
            manual_regions = @regions, manual_input_modalities = @modalities, manual_parameters = @parameters, manual_quality = @Quality, note = @Note,
            corrected_at = @correctedAt, corrected_by = @correctedBy, version = version + 1
        where provider = @provider and slug = @slug
        """;
    const string ReadPriceSql = """
        select prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd, cache_write_1h_usd, reasoning_usd, discount,
            overrides::text as overrides
        from routing_model_prices where provider = @provider and slug = @slug and origin = @origin and valid_to is null
        """;
    const string EndPriceSql = """
        update routing_model_prices set valid_to = greatest(valid_from, @now)
        where provider = @provider and slug = @slug and origin = @origin and valid_to is null
        """;
    const string PriceSql = """
        insert into routing_model_prices (provider, slug, origin, prompt_usd, completion_usd, request_usd, image_usd, search_usd, cache_read_usd, cache_write_usd,
            cache_write_1h_usd, reasoning_usd, valid_from, set_by)
        values (@provider, @slug, @origin, @PromptUsd, @CompletionUsd, @RequestUsd, @ImageUsd, @SearchUsd, @CacheReadUsd, @CacheWriteUsd, @CacheWrite1hUsd, @ReasoningUsd,
            @now, @actor)
        """;
    const string ChangeSql = """
        insert into routing_model_changes (provider, slug, kind, changed_at, detail) values (@provider, @slug, 'corrected', @now, @detail::jsonb)
        """;

    /// <param name="version">That the correction was decided on.</param>
    /// <param name="actor">Who corrects.</param>
    public async Task<ModelCorrected> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string provider, string slug, ModelCorrection correction,
        long version, string actor, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(ReadSql, new { provider, slug }, transaction, cancellationToken: ct)) is not { } row)
            return new ModelCorrected.NoSuchModel();
        if (row.Version != version) return new ModelCorrected.Stale(row.Version);
        if (correction.Problem(row.Kind) is { } problem) return new ModelCorrected.Refused(problem);
        var isCorrected = correction != new ModelCorrection();
        await ExecuteAsync(WriteSql, new
        {
            provider, slug, correction.Enabled, correction.ContextTokens, correction.MaxOutputTokens, correction.ZeroRetention, correction.Quality, correction.Note,
            regions = correction.Regions?.ToArray(), modalities = correction.InputModalities?.ToArray(), parameters = correction.Parameters?.ToArray(),
            correctedAt = isCorrected ? now : (DateTimeOffset?)null, correctedBy = isCorrected ? actor : null,
        });
        await PutPriceAsync("manual", correction.Price);
        await PutPriceAsync("ceiling", correction.Ceiling);
        var detail = Detail(correction);
        await ExecuteAsync(ChangeSql, new { provider, slug, now, detail = detail.ToJsonString() });
        await RoutingVersions.CountAsync(connection, transaction, ct, RoutingVersions.Catalog);
        return new ModelCorrected.Done((await ListModels.FindAsync(connection, transaction, provider, slug, ct))!, detail);

        async Task PutPriceAsync(string origin, ModelPrice? price)
        {
            var old = (await connection.QuerySingleOrDefaultAsync<PriceRow>(new CommandDefinition(ReadPriceSql, new { provider, slug, origin }, transaction, cancellationToken: ct)))?.Price;
            if (JsonNode.DeepEquals(Json(old), Json(price))) return; // it has been so since then
            await ExecuteAsync(EndPriceSql, new { provider, slug, origin, now });
            if (price is null) return;
            await ExecuteAsync(PriceSql, new
            {
                provider, slug, origin, now, actor, price.PromptUsd, price.CompletionUsd, price.RequestUsd, price.ImageUsd, price.SearchUsd, price.CacheReadUsd,
                price.CacheWriteUsd, price.CacheWrite1hUsd, price.ReasoningUsd,
            });
        }

        Task ExecuteAsync(string sql, object parameters) => connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: ct));
    }

    /// <summary>What is corrected, for the history and the audit log; empty when nothing is any more.</summary>
    static JsonObject Detail(ModelCorrection correction)
    {
        var all = new JsonObject
        {
            ["enabled"] = correction.Enabled, ["context_tokens"] = correction.ContextTokens, ["max_output_tokens"] = correction.MaxOutputTokens,
            ["price"] = Json(correction.Price), ["ceiling"] = Json(correction.Ceiling),
            ["zero_retention"] = correction.ZeroRetention, ["regions"] = Texts(correction.Regions), ["input_modalities"] = Texts(correction.InputModalities),
            ["parameters"] = Texts(correction.Parameters), ["quality"] = correction.Quality, ["note"] = correction.Note,
        };
        foreach (var name in all.Where(m => m.Value is null).Select(m => m.Key).ToArray()) all.Remove(name);
        return all;
    }

    static JsonObject? Json(ModelPrice? price) => price is null ? null : PriceJson.Of(price);

    static JsonArray? Texts(IReadOnlyList<string>? texts) => texts is null ? null : [.. texts.Select(t => (JsonNode)t)];

    sealed record Row(long Version, string Kind);
}

public abstract record ModelCorrected
{
    ModelCorrected() { } // closed: the kinds below are all there are

    /// <param name="Detail">What is corrected now.</param>
    public sealed record Done(ListedModelRow Model, JsonObject Detail) : ModelCorrected;
    public sealed record NoSuchModel : ModelCorrected;

    /// <summary>Somebody else was quicker.</summary>
    public sealed record Stale(long Version) : ModelCorrected;
    public sealed record Refused(string Problem) : ModelCorrected;
}
