using System.Text.Json;
using System.Text.Json.Nodes;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Chat;

namespace Emulators.OpenRouter.Answers;

/// <summary>Makes the answer: scripted, or made up from the prompt, so that the same prompt, model and seed get the same words.</summary>
static class ComposeAnswer
{
    static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="rule">The script; null: made up.</param>
    public static Answer Of(ChatRequest request, CatalogModel model, Rule? rule)
    {
        var chance = new Chance(SeedOf(request, model));
        var room = Math.Min(request.MaxTokens ?? int.MaxValue, model.MaxCompletionTokens ?? model.ContextLength);
        var reasoning = Tokens.Cut(rule?.Reasoning ?? EmulatedText.OfTokens(chance, ReasoningTokens(request, model)), room);
        room -= Tokens.Of(reasoning);
        var calls = rule is null || rule is { ToolCalls.Count: 0, Answer: null, Json: null } ? Forced(request, chance) : Scripted(rule, chance);
        var text = rule?.Answer ?? (rule?.Json is { } json ? JsonSerializer.Serialize(json, Plain) : calls.Count > 0 ? "" : MadeUp(request, model, chance));
        var (kept, isStopped) = AtStop(text, request.Stop);
        var cut = Tokens.Cut(kept, room);
        var (cutCalls, areCut) = Cut(calls, room - Tokens.Of(cut));
        var isCut = cut.Length < kept.Length || areCut;
        var finish = isCut ? "length" : isStopped || cutCalls.Count == 0 ? "stop" : "tool_calls";
        return new Answer(reasoning, cut, cutCalls, rule?.FinishReason ?? finish)
        {
            ScriptedCompletion = rule?.Usage?.Completion, ScriptedReasoning = rule?.Usage?.Reasoning,
            Delay = TimeSpan.FromSeconds(rule?.DelaySeconds ?? 0),
        };
    }

    static ulong SeedOf(ChatRequest request, CatalogModel model)
    {
        var fingerprint = new Fingerprint();
        fingerprint.Add(model.Id);
        fingerprint.Add(request.Seed ?? 0);
        foreach (var message in request.Messages)
        {
            fingerprint.Add(message.Role);
            fingerprint.Add(message.Text);
        }
        return fingerprint.Value;
    }

    static string MadeUp(ChatRequest request, CatalogModel model, Chance chance)
    {
        if (request.Schema is { } schema) return SchemaInstance.Of(schema)?.ToJsonString(Plain) ?? "null";
        var text = $"{model.Id} answers: {EmulatedText.Sentences(chance, 15 + chance.Below(60))}";
        return request.IsJson ? new JsonObject { ["answer"] = text }.ToJsonString(Plain) : text;
    }

    /// <summary>Reasoning tokens before any limit: by effort, or as many as were asked for, within reason.</summary>
    static int ReasoningTokens(ChatRequest request, CatalogModel model)
    {
        if (model.Reasoning is not { } reasoning) return 0;
        var isOn = reasoning.IsMandatory || (request.Reasoning.IsOn ?? reasoning.IsDefault);
        if (!isOn) return 0;
        var tokens = (request.Reasoning.Effort ?? reasoning.DefaultEffort) switch { "minimal" => 16, "low" => 64, "high" => 512, "xhigh" or "max" => 1024, _ => 256 };
        return Math.Min(request.Reasoning.MaxTokens ?? tokens, 1024);
    }

    static List<ToolCall> Scripted(Rule rule, Chance chance) =>
        [.. rule.ToolCalls.Select(call => new ToolCall(CallId(ref chance), call.Name, call.Arguments is { } arguments ? JsonSerializer.Serialize(arguments, Plain) : "{}"))];

    static List<ToolCall> Forced(ChatRequest request, Chance chance)
    {
        if (request.ForcedTool is null || request.Tools is not { } tools) return [];
        foreach (var tool in tools.EnumerateArray())
        {
            if (tool.ValueKind != JsonValueKind.Object || ReadChatRequest.Member(tool, "function") is not { ValueKind: JsonValueKind.Object } function) continue;
            var name = function.TryGetProperty("name", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString()! : "";
            if (request.ForcedTool.Length > 0 && name != request.ForcedTool) continue;
            var arguments = ReadChatRequest.Member(function, "parameters") is { } parameters ? SchemaInstance.Of(parameters)?.ToJsonString(Plain) : null;
            return [new ToolCall(CallId(ref chance), name, arguments ?? "{}")];
        }
        return [];
    }

    static string CallId(ref Chance chance) => $"call_{chance.Next():x16}{(uint)chance.Next():x8}";

    static (string Text, bool IsStopped) AtStop(string text, IReadOnlyList<string> stops)
    {
        var first = stops.Where(s => s.Length > 0).Select(s => text.IndexOf(s, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        return first < 0 ? (text, false) : (text[..first], true);
    }

    static (List<ToolCall> Calls, bool AreCut) Cut(List<ToolCall> calls, int room)
    {
        var kept = new List<ToolCall>();
        foreach (var call in calls)
        {
            var arguments = Tokens.Cut(call.Arguments, room - Tokens.Of(call.Name));
            if (room < Tokens.Of(call.Name) + 1) return (kept, true);
            kept.Add(call with { Arguments = arguments });
            if (arguments.Length < call.Arguments.Length) return (kept, true);
            room -= Tokens.Of(call.Name) + Tokens.Of(arguments);
        }
        return (kept, false);
    }
}
