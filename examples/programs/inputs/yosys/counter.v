module counter #(parameter W = 8) (input clk, input rst, input en, input [W-1:0] step, output reg [W-1:0] q, output wrap);
  wire [W:0] next = q + step;
  assign wrap = en & next[W];
  always @(posedge clk) if (rst) q <= 0; else if (en) q <= next[W-1:0];
endmodule
module alu(input [7:0] a, b, input [2:0] op, output reg [7:0] y, output zero);
  always @* case (op)
    0: y = a + b; 1: y = a - b; 2: y = a & b; 3: y = a | b;
    4: y = a ^ b; 5: y = a << b[2:0]; 6: y = a >> b[2:0]; default: y = a * b;
  endcase
  assign zero = y == 0;
endmodule
module top(input clk, rst, input [7:0] x, input [2:0] op, output [7:0] y, output z, w);
  wire [7:0] c;
  counter #(8) u0(clk, rst, 1'b1, 8'd3, c, w);
  alu u1(c, x, op, y, z);
endmodule
