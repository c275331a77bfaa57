namespace Routing.Tests.Calls;

/// <summary>Frames as OpenRouter sends them.</summary>
static class Answers
{
    public static string Delta(string delta) => $$"""{"id":"gen-raw","model":"a","provider":"P","choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""";

    public static string Finish(string reason) => $$"""{"id":"gen-raw","model":"a","choices":[{"index":0,"delta":{"content":""},"finish_reason":"{{reason}}"}]}""";

    public static string Usage(string cost = "0.000016") => $$$"""{"id":"gen-raw","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":3,"cost":{{{cost}}}}}""";

    public static async Task GoodAsync(RawExchange x)
    {
        await x.BeginAsync();
        await x.FramesAsync(Delta("""{"content":"Good"}"""), Finish("stop"), Usage(), "[DONE]");
    }
}
