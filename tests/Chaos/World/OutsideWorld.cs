using System.Net.Http.Json;
using Chaos.Recorded;

namespace Chaos.World;

/// <summary>How handlers reach the world outside of the engine: the driver's <see cref="WorldServer"/>, past every proxy.</summary>
public sealed class OutsideWorld : IDisposable
{
    public const string Variable = "CHAOS_WORLD";

    readonly HttpClient client = new()
    {
        BaseAddress = new Uri(Environment.GetEnvironmentVariable(Variable) ?? throw new InvalidOperationException($"{Variable} must be the address of the world.")),
        Timeout = TimeSpan.FromSeconds(30),
    };

    /// <exception cref="EffectRefusedException">It was an effect under an epoch that is over.</exception>
    public async Task TellAsync(WorldEvent happened, CancellationToken ct)
    {
        using var response = await client.PostAsJsonAsync("/", happened, ct);
        if (response.StatusCode == System.Net.HttpStatusCode.Conflict) throw new EffectRefusedException(happened.Epoch);
        response.EnsureSuccessStatusCode();
    }

    public void Dispose() => client.Dispose();
}

/// <summary>The world has seen a later attempt of the task act.</summary>
public sealed class EffectRefusedException(long epoch) : Exception($"Epoch {epoch} is over.");
