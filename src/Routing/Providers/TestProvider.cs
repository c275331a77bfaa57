using System.Globalization;
using System.Text.Json;

namespace Routing.Providers;

/// <summary>A real call that costs nothing: <c>/key</c> at OpenRouter, which tells whether the key is good, and <c>/models</c> elsewhere.</summary>
public sealed class TestProvider(ReadProviders read, AskProvider ask)
{
    const int MostBytes = 32 << 20;
    static readonly TimeSpan Within = TimeSpan.FromSeconds(15);

    /// <param name="state">Which of its keys: active or staged.</param>
    /// <returns>Null when there is no such provider.</returns>
    public async Task<ProviderTest?> RunAsync(string provider, string state, CancellationToken ct)
    {
        if (await read.FindAsync(provider, state, ct) is not { } access) return null;
        if (access.KeyProblem is { } problem) return new ProviderTest(false, false, null, TimeSpan.Zero, problem, null);
        var path = access.Provider.Kind == ProviderKinds.OpenRouter ? "key" : "models";
        var reply = await ask.RunAsync(access.Provider, access.Key, path, MostBytes, Within, ct);
        return Judge(reply, path) with { Key = access.Key };
    }

    /// <summary>What the provider says is not repeated: it may quote the key.</summary>
    static ProviderTest Judge(ProviderReply reply, string path) => reply switch
    {
        ProviderReply.Unreachable none => new ProviderTest(false, false, null, none.Took, $"{none.Reason}.", null),
        ProviderReply.Answered { IsSuccess: true } answer when Facts(answer.Body, path) is { } facts => new ProviderTest(true, false, (int)answer.Status, answer.Took, facts, null),
        ProviderReply.Answered { IsSuccess: true } answer => new ProviderTest(false, false, (int)answer.Status, answer.Took, $"/{path} answers, but not as a model provider does.", null),
        ProviderReply.Answered { Status: System.Net.HttpStatusCode.Unauthorized or System.Net.HttpStatusCode.Forbidden } answer =>
            new ProviderTest(false, true, (int)answer.Status, answer.Took, $"/{path} answers {answer.StatusText}: the key is refused.", null),
        ProviderReply.Answered answer => new ProviderTest(false, false, (int)answer.Status, answer.Took, $"/{path} answers {answer.StatusText}.", null),
        _ => throw new InvalidOperationException($"{reply}"),
    };

    /// <returns>Null when it is not what was asked for.</returns>
    static string? Facts(byte[] body, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var data = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("data", out var found) ? found : root;
            return path switch
            {
                "models" => data.ValueKind == JsonValueKind.Array ? $"It lists {data.GetArrayLength()} models." : null,
                _ when data.ValueKind != JsonValueKind.Object => null,
                _ when Number(data, "limit_remaining") is { } left && Number(data, "limit") is { } limit => $"The key is good; {left} of its limit of {limit} USD are left.",
                _ => "The key is good and has no limit.",
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static string? Number(JsonElement data, string name) =>
        data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
            ? number.ToString("0.########", CultureInfo.InvariantCulture) : null;
}

/// <param name="IsRefused">The provider does not take the key.</param>
/// <param name="HttpStatus">Null when no answer came.</param>
/// <param name="Detail">For people.</param>
/// <param name="Key">What was tried; null: without a key.</param>
public sealed record ProviderTest(bool IsWorking, bool IsRefused, int? HttpStatus, TimeSpan Took, string Detail, ProviderKey? Key);
