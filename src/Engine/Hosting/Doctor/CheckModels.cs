using Dapper;
using Engine.Gateway;
using Npgsql;
using Routing.Providers;

namespace Engine.Hosting.Doctor;

/// <summary>Whether calls to models go to somebody who answers them, or are made up.</summary>
static class CheckModels
{
    const string Sql = "select name, kind = 'emulator' as is_emulated from routing_providers where enabled order by name";

    public static async Task<Finding> RunAsync(NpgsqlConnection connection, RoutingSettings settings, CancellationToken ct)
    {
        var providers = (await connection.QueryAsync<(string Name, bool IsEmulated)>(new CommandDefinition(Sql, cancellationToken: ct))).ToLookup(p => p.IsEmulated, p => p.Name);
        if (providers[false].Any() && providers[true].Any())
            return Finding.Warning("models", $"Answers of {string.Join(", ", providers[true])} are EMULATED, beside those of {string.Join(", ", providers[false])}.", "take the emulated ones out of use: PUT /api/providers/NAME with \"enabled\": false.");
        if (providers[false].Any()) return Finding.Ok("models", $"calls go to {string.Join(", ", providers[false])}");
        if (settings.OpenRouterKey is not null) return Finding.Ok("models", $"the engine's start makes the provider {EnsureDefaultProvider.OpenRouter} with the key that is configured");
        return providers[true].Any() || settings.Emulate
            ? Finding.Warning("models", "Answers of models are EMULATED, made up at no real cost: no provider is set up and no key is given.", EmulatedAnswers.Remedy)
            : Finding.Warning("models", "No provider is in use: no model can be called.", EmulatedAnswers.Remedy);
    }
}
