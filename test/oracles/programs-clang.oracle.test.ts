import { describePrograms } from "./programs.js";

describePrograms("clang");
